-- Notes that the regular hours of a specialty were changed.
-- params: $1 specialty text, $2 actor text
-- rows: none
update specialties
set hours_version = hours_version + 1, hours_changed_at = clock_timestamp(), hours_changed_by = $2
where key = $1;
