-- A page of listed numbers, the newest first.
-- params: $1 started before timestamptz or null, $2 the id there uuid or null, $3 in force at timestamptz, null: all, $4 limit integer
-- rows: id uuid, number text, reason text, startsAt timestamptz, until timestamptz, actor text, endedAt timestamptz, endedBy text, position text
select id, number, reason, starts_at as "startsAt", until, actor, ended_at as "endedAt", ended_by as "endedBy",
       to_char(starts_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '/' || id as position
from nuisance_numbers
where ($3::timestamptz is null or (ended_at is null and (until is null or until > $3::timestamptz)))
  and ($1::timestamptz is null or (starts_at, id) < ($1::timestamptz, $2::uuid))
order by starts_at desc, id desc
limit $4;
