-- Takes a holiday back.
-- params: $1 id uuid, $2 actor text
-- rows: none
update holidays set withdrawn_at = clock_timestamp(), withdrawn_by = $2 where id = $1;
