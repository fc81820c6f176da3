-- When pending callbacks are wanted, and when they are due.
-- params: $1 the last one seen uuid or null, $2 limit integer
-- rows: id uuid, specialty text, wantedAt timestamptz, dueAt timestamptz
select id, specialty, coalesce(wanted_at, due_at) as "wantedAt", due_at as "dueAt"
from callbacks
where state = 'pending' and ($1::uuid is null or id > $1::uuid)
order by id
limit $2::integer;
