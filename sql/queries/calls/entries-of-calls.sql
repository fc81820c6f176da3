-- Everything known of some calls, in order.
-- params: $1 call ids uuid[]
-- rows: call_id uuid, seq integer, kind text, at timestamptz, actor text, data jsonb
select call_id, seq, kind, at, actor, data
from call_entries
where call_id = any ($1::uuid[])
order by call_id, seq;
