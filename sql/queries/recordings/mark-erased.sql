-- What is left of recordings whose files are gone.
-- params: $1 ids uuid[], $2 at timestamptz, $3 erasure id bigint
-- rows: none
update recordings set erased_at = $2, erasure_id = $3, sources = '{}' where id = any ($1::uuid[]);
