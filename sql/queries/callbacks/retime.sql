-- Pending callbacks are due at other times, the hours being others. Who changes one at this moment, or has changed when it is
-- wanted since it was read, knows better.
-- params: $1 ids uuid[], $2 wanted timestamptz[], $3 due timestamptz[]
-- rows: id uuid
with moved as (
  select b.id, m.wanted_at, m.due_at
  from callbacks b
  join unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[]) as m (id, wanted_at, due_at)
    on m.id = b.id and m.wanted_at = coalesce(b.wanted_at, b.due_at)
  where b.state = 'pending'
  for update of b skip locked
)
update callbacks b
set wanted_at = moved.wanted_at, due_at = moved.due_at, changed_at = clock_timestamp()
from moved
where b.id = moved.id
returning b.id;
