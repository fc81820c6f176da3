-- Makes changes of one specialty's hours wait for each other; no row: there is no such specialty.
-- params: $1 specialty text
-- rows: key text
select key from specialties where key = $1 for no key update;
