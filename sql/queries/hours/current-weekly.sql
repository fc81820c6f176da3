-- The regular hours of a specialty as they are now.
-- params: $1 specialty text
-- rows: weekday smallint, opens text, closes text
select weekday, to_char(opens, 'HH24:MI') as opens, to_char(closes, 'HH24:MI') as closes
from weekly_hours
where specialty = $1 and valid_to is null
order by weekday, weekly_hours.opens;
