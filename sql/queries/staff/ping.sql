-- Whether the schema is there and answers.
-- params: none
-- rows: ready boolean
select exists (select from specialties) as ready
