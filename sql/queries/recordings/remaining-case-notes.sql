-- How many of these cases still have a note. Must be 0.
-- params: $1 case ids uuid[]
-- rows: count integer
select count(distinct case_id)::integer as count
from case_entries
where case_id = any ($1::uuid[]) and data ->> 'note' is not null;
