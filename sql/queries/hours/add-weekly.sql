-- New regular hours of a specialty; the arrays go side by side, an element a window.
-- params: $1 specialty text, $2 weekdays smallint[], $3 opens time[], $4 closes time[], $5 from when timestamptz, $6 actor text
-- rows: none
insert into weekly_hours (specialty, weekday, opens, closes, valid_from, actor)
select $1, week.weekday, week.opens, week.closes, $5, $6
from unnest($2::smallint[], $3::time[], $4::time[]) as week (weekday, opens, closes);
