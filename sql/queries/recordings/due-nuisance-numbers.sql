-- Listed numbers that came off the list long enough ago, locked.
-- params: $1 before timestamptz, $2 limit integer
-- rows: id uuid
select id
from nuisance_numbers
where number is not null and least(ended_at, until) < $1
order by id
limit $2::integer
for update skip locked;
