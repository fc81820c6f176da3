-- Ids of the cases in which something is still owed, page by page.
-- params: $1 the last one seen uuid, $2 limit integer
-- rows: id uuid
select id
from cases
where state not in ('closed', 'withdrawn', 'spam') and ($1::uuid is null or id > $1::uuid)
order by id
limit $2::integer;
