-- A case's history, in order.
-- params: $1 case id uuid
-- rows: seq integer, at timestamptz, actor text, kind text, state text, citizenAt timestamptz, data jsonb
select seq, at, actor, kind, state, citizen_at as "citizenAt", data
from case_entries
where case_id = $1
order by seq;
