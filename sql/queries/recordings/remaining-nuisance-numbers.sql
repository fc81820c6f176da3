-- How many of these still show a number or a reason. Must be 0.
-- params: $1 ids uuid[]
-- rows: count integer
select count(*)::integer as count
from nuisance_numbers
where id = any ($1::uuid[]) and (number is not null or reason is not null);
