-- Cases whose notes are gone.
-- params: $1 case ids uuid[], $2 at timestamptz
-- rows: none
update cases set notes_erased_at = $2 where id = any ($1::uuid[]);
