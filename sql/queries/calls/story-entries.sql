-- The ledger of one call, as its story is told.
-- params: $1 call id uuid
-- rows: seq integer, kind text, at timestamptz, actor text, data jsonb
select seq, kind, at, actor, data
from call_entries
where call_id = $1
order by seq;
