-- Whether there is such a specialty.
-- params: $1 key text
-- rows: key text
select key from specialties where key = $1;
