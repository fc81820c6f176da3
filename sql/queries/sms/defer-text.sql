-- Not before then.
-- params: $1 id uuid, $2 until timestamptz
-- rows: none
update text_messages set due_at = $2 where id = $1 and state = 'queued';
