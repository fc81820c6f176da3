-- All seasons to be kept in memory, a row a window of their weeks; one without windows has a row without. None
-- counts before it was made; one that was cancelled while it lasted counted until then.
-- params: none
-- rows: id uuid, specialty text, starts_on text, ends_on text, created_at timestamptz, cancelled_at timestamptz, weekday smallint, opens_minute integer, closes_minute integer
select id, specialty, starts_on::text, ends_on::text, created_at, cancelled_at, weekday,
       (extract(epoch from opens) / 60)::integer as opens_minute,
       (extract(epoch from closes) / 60)::integer as closes_minute
from seasons left join season_hours on season_id = id
order by starts_on, id, weekday, opens;
