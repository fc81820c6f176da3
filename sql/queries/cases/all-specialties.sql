-- The keys of all specialties.
-- params: none
-- rows: key text
select key from specialties;
