-- A page of seasons that stand, the newest made first; weekly: `[{weekday, opens, closes}]` in order.
-- params: $1 made before timestamptz or null, $2 the id there uuid or null, $3 limit integer
-- rows: id uuid, specialty text, title text, starts_on text, ends_on text, weekly jsonb, created_at timestamptz, actor text, position text
select id, specialty, title, starts_on::text, ends_on::text,
       coalesce((
         select jsonb_agg(
           jsonb_build_object('weekday', weekday, 'opens', to_char(opens, 'HH24:MI'), 'closes', to_char(closes, 'HH24:MI'))
           order by weekday, opens)
         from season_hours where season_id = id), '[]') as weekly,
       created_at, actor,
       to_char(created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '/' || id as position
from seasons
where cancelled_at is null
  and ($1::timestamptz is null or (created_at, id) < ($1::timestamptz, $2::uuid))
order by created_at desc, id desc
limit $3;
