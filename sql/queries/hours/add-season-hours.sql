-- The week of a new season; the arrays go side by side, an element a window.
-- params: $1 season uuid, $2 weekdays smallint[], $3 opens time[], $4 closes time[]
-- rows: none
insert into season_hours (season_id, weekday, opens, closes)
select $1, week.weekday, week.opens, week.closes
from unnest($2::smallint[], $3::time[], $4::time[]) as week (weekday, opens, closes);
