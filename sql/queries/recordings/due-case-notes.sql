-- Cases that are over for long enough to lose what was noted in them, locked.
-- params: $1 before timestamptz, $2 limit integer
-- rows: id uuid
select c.id
from cases c
where c.state in ('closed', 'withdrawn', 'spam')
  and exists (select from case_entries n where n.case_id = c.id and n.data ->> 'note' is not null)
  and not exists (select from case_entries e where e.case_id = c.id and e.at >= $1)
order by c.id
limit $2::integer
for update of c skip locked;
