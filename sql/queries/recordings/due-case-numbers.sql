-- Cases that are over for long enough to lose the citizen's number, locked. Their calls have lost theirs before: a case
-- without a number would else be given it once more.
-- params: $1 before timestamptz, $2 limit integer
-- rows: id uuid
select c.id
from cases c
where c.state in ('closed', 'withdrawn', 'spam')
  and (
    c.number is not null
    or exists (select from case_entries k where k.case_id = c.id and k.data ->> 'keyed' is not null)
    or exists (select from callbacks b where b.case_id = c.id and b.number is not null)
  )
  and not exists (select from callbacks b where b.case_id = c.id and b.state in ('pending', 'live'))
  and not exists (select from case_entries e where e.case_id = c.id and e.at >= $1)
  and not exists (
    select from case_calls k join calls t on t.id = k.call_id
    where k.case_id = c.id
      and (t.caller is not null or t.caller_received <> '' or t.keyed_number is not null)
  )
order by c.id
limit $2::integer
for update of c skip locked;
