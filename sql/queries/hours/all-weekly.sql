-- All regular hours there are, ever were and are planned, to be kept in memory. A plan that was replaced never counted.
-- params: none
-- rows: specialty text, weekday smallint, opens_minute integer, closes_minute integer, valid_from timestamptz, valid_to timestamptz
select specialty, weekday,
       (extract(epoch from opens) / 60)::integer as opens_minute,
       (extract(epoch from closes) / 60)::integer as closes_minute,
       valid_from, valid_to
from weekly_hours
where valid_to is null or valid_to > valid_from
order by specialty, valid_from, weekday, opens;
