-- The version of a specialty's overflow, for a change; others wait until it is done. No row: there is no such specialty.
-- params: $1 specialty text
-- rows: version integer
select overflow_version as version from specialties where key = $1 for no key update
