-- A page of exceptional openings that stand, the newest made first. starts_at: from when it counts, which is not before it was
-- made.
-- params: $1 made before timestamptz or null, $2 the id there uuid or null, $3 limit integer
-- rows: id uuid, specialty text, starts_at timestamptz, ends_at timestamptz, reason text, created_at timestamptz, actor text, position text
select id, specialty, greatest(starts_at, created_at) as starts_at, ends_at, reason, created_at, actor,
       to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '/' || id as position
from openings
where cancelled_at is null
  and ($1::timestamptz is null or (created_at, id) < ($1::timestamptz, $2::uuid))
order by created_at desc, id desc
limit $3;
