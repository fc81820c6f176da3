-- A recording that lay in the clear is sealed, and lies elsewhere.
-- params: $1 id uuid, $2 path text, $3 key id text, $4 file sha256 text
-- rows: id uuid
update recordings
set path = $2, key_id = $3, file_sha256 = $4
where id = $1 and key_id is null
returning id;
