-- What must never be: a deadline that has passed, nothing having stopped its clock, without an escalation about it. A page
-- of them, newest case first.
-- params: $1 now timestamptz, $2 the last case seen uuid, $3 its clock text, $4 due from timestamptz, $5 due before timestamptz, $6 limit integer
-- rows: caseId uuid, reference text, clock text, dueAt timestamptz, reason text, state text, specialty text, owner uuid, number text, openedAt timestamptz
select
  c.id as "caseId", c.reference, k.clock, k.due_at as "dueAt", c.reason, c.state, c.specialty, c.owner, c.number,
  c.opened_at as "openedAt"
from case_clocks k
join cases c on c.id = k.case_id
where k.stopped_at is null and k.due_at < $1::timestamptz and k.escalated_due_at is distinct from k.due_at
  and ($2::uuid is null or (c.id, k.clock) < ($2::uuid, $3::text))
  and k.due_at >= coalesce($4::timestamptz, '-infinity')
  and k.due_at < coalesce($5::timestamptz, 'infinity')
order by c.id desc, k.clock desc
limit $6::integer;
