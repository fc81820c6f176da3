-- Cases that are not over, by state; of these past a deadline, and past one without an escalation.
-- params: $1 now timestamptz
-- rows: state text, count integer, overdue integer, unescalated integer
select c.state, count(*)::integer as count,
       (count(*) filter (where late.overdue))::integer as overdue,
       (count(*) filter (where late.unescalated))::integer as unescalated
from cases c
left join lateral (
  select bool_or(true) as overdue, bool_or(k.escalated_due_at is distinct from k.due_at) as unescalated
  from case_clocks k
  where k.case_id = c.id and k.stopped_at is null and k.due_at < $1::timestamptz
) as late on true
where c.state not in ('closed', 'withdrawn', 'spam')
group by c.state;
