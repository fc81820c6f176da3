-- Counts a change of what helps a specialty out.
-- params: $1 specialty text
-- rows: none
update specialties set overflow_version = overflow_version + 1 where key = $1
