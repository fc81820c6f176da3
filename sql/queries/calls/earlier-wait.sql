-- How long this citizen has waited for this specialty, from $3 on and before $4, in calls that reached no expert since the last
-- one that did; of calls at the same time each second counts once.
-- params: $1 caller text, $2 specialty text, $3 from timestamptz, $4 before timestamptz
-- rows: seconds double precision
select coalesce(extract(epoch from sum(upper(span) - lower(span))), 0)::float8 as seconds
from (
  select unnest(range_agg(tstzrange(c.queued_at, c.ended_at))) as span
  from calls c
  where c.caller = $1 and c.specialty = $2 and c.direction = 'inbound'
    and c.queued_at >= $3 and c.queued_at < $4 and c.ended_at > c.queued_at
    and c.answered_at is null and c.ending in ('abandoned', 'failed', 'closed')
    and not exists (
      select from calls later
      where later.ending = 'answered' and later.caller = $1 and later.specialty = $2 and later.answered_at >= c.queued_at)
) as waits;
