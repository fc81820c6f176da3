-- All regular hours there are and ever were, to be kept in memory.
-- params: none
-- rows: specialty text, weekday smallint, opens_minute integer, closes_minute integer, valid_from timestamptz, valid_to timestamptz
select specialty, weekday,
       (extract(epoch from opens) / 60)::integer as opens_minute,
       (extract(epoch from closes) / 60)::integer as closes_minute,
       valid_from, valid_to
from weekly_hours
order by specialty, valid_from, weekday, opens;
