-- Ends the regular hours of a specialty, and what was planned after that; the rows stay as its history.
-- params: $1 specialty text, $2 from when timestamptz
-- rows: none
update weekly_hours set valid_to = greatest(valid_from, $2)
where specialty = $1 and (valid_to is null or valid_to > $2);
