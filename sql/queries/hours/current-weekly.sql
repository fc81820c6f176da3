-- The regular hours of a specialty as they are now, and those planned, the earliest first.
-- params: $1 specialty text
-- rows: weekday smallint, opens text, closes text, planned_from timestamptz
select weekday, to_char(opens, 'HH24:MI') as opens, to_char(closes, 'HH24:MI') as closes,
       case when valid_from > clock_timestamp() then valid_from end as planned_from
from weekly_hours
where specialty = $1 and (valid_to is null or valid_to > greatest(valid_from, clock_timestamp()))
order by planned_from nulls first, weekday, weekly_hours.opens;
