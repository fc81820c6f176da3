-- Calls old enough to lose the citizen's numbers, locked; not where a case is open.
-- params: $1 before timestamptz, $2 limit integer
-- rows: id uuid
select c.id
from calls c
where c.ended_at < $1 and c.numbers_erased_at is null
  and (c.caller is not null or c.caller_received <> '' or c.keyed_number is not null)
  and not call_is_held(c.id)
order by c.ended_at
limit $2::integer
for update of c skip locked;
