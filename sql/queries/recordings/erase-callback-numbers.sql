-- Where to call, of the callbacks of these cases; they are over.
-- params: $1 case ids uuid[]
-- rows: none
update callbacks set number = null where case_id = any ($1::uuid[]) and number is not null;
