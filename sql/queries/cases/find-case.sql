-- One case.
-- params: $1 id uuid
-- rows: id uuid, reference text, reason text, number text, specialty text, state text, owner uuid, ownerName text, followUpOn text, openedAt timestamptz, createdAt timestamptz, escalatedAt timestamptz, version integer
select
  c.id, c.reference, c.reason, c.number, c.specialty, c.state, c.owner, a.name as "ownerName",
  c.follow_up_on::text as "followUpOn", c.opened_at as "openedAt", c.created_at as "createdAt",
  c.escalated_at as "escalatedAt", c.version
from cases c
left join accounts a on a.id = c.owner
where c.id = $1;
