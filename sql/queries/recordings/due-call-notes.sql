-- Calls of which something was noted long enough ago, locked; not where a case is open.
-- params: $1 before timestamptz, $2 limit integer
-- rows: id uuid
select c.id
from calls c
where not call_is_held(c.id)
  and exists (select from outcomes o where o.call_id = c.id and o.note is not null and o.set_at < $1)
order by c.id
limit $2::integer
for update of c skip locked;
