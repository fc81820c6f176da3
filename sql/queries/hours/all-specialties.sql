-- Every specialty there is.
-- params: none
-- rows: key text
select key from specialties order by position;
