-- A page of cases, newest first; a filter that is null lets everything pass. A reference is any that leads to the case.
-- params: $1 id of the last case seen uuid, $2 state text, $3 specialty text, $4 owner uuid, $5 only without an owner boolean, $6 reason text, $7 reference text, $8 overdue boolean, $9 now timestamptz, $10 limit integer, $11 not over and to be followed up by date
-- rows: id uuid, reference text, reason text, number text, specialty text, state text, owner uuid, ownerName text, followUpOn text, openedAt timestamptz, createdAt timestamptz, escalatedAt timestamptz, version integer
select
  c.id, c.reference, c.reason, c.number, c.specialty, c.state, c.owner, a.name as "ownerName",
  c.follow_up_on::text as "followUpOn", c.opened_at as "openedAt", c.created_at as "createdAt",
  c.escalated_at as "escalatedAt", c.version
from cases c
left join accounts a on a.id = c.owner
where c.id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  and ($2::text is null or c.state = $2)
  and ($3::text is null or c.specialty = $3)
  and ($4::uuid is null or c.owner = $4)
  and (not $5::boolean or c.owner is null)
  and ($6::text is null or c.reason = $6)
  and ($7::text is null or c.id = (select told.case_id from case_references told where told.reference = $7))
  and ($8::boolean is null or $8 = exists (
    select from case_clocks k where k.case_id = c.id and k.stopped_at is null and k.due_at < $9::timestamptz
  ))
  and ($11::date is null or (c.follow_up_on <= $11 and c.state not in ('closed', 'withdrawn', 'spam')))
order by c.id desc
limit $10::integer;
