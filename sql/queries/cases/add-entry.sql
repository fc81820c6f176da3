-- The next entry of a case's history; the case is locked.
-- params: $1 case id uuid, $2 at timestamptz, $3 actor text, $4 kind text, $5 state afterwards text, $6 the citizen's moment timestamptz, $7 data jsonb
-- rows: none
insert into case_entries (case_id, seq, at, actor, kind, state, citizen_at, data)
select $1::uuid, coalesce(max(seq), 0) + 1, $2::timestamptz, $3::text, $4::text, $5::text, $6::timestamptz, $7::jsonb
from case_entries
where case_id = $1::uuid;
