-- Where to call, of promises that are settled.
-- params: $1 call ids uuid[]
-- rows: none
update promises set number = null where call_id = any ($1::uuid[]) and number is not null;
