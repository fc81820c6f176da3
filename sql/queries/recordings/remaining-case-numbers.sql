-- How many of these cases still show a number anywhere. Must be 0.
-- params: $1 case ids uuid[]
-- rows: count integer
select count(*)::integer as count
from cases c
where c.id = any ($1::uuid[]) and (
  c.number is not null
  or exists (select from case_entries e where e.case_id = c.id and e.data ->> 'keyed' <> '')
  or exists (select from callbacks b where b.case_id = c.id and b.number is not null)
);
