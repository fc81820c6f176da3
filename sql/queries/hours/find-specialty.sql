-- Whether there is such a specialty.
-- params: $1 specialty text
-- rows: key text
select key from specialties where key = $1;
