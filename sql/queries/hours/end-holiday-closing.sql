-- Ends the switch's present position. The row is held until the change is done.
-- params: none
-- rows: until timestamptz
update holiday_closing set valid_to = greatest(valid_from, clock_timestamp())
where valid_to is null
returning valid_to as until;
