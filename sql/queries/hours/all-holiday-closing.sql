-- When the clinic was, is and will be closed on official holidays.
-- params: none
-- rows: valid_from timestamptz, valid_to timestamptz
select valid_from, valid_to from holiday_closing where closed order by valid_from;
