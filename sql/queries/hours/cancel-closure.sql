-- Takes a closure back; no row: there is none that stands.
-- params: $1 id uuid, $2 actor text
-- rows: id uuid
update closures set cancelled_at = clock_timestamp(), cancelled_by = $2
where id = $1 and cancelled_at is null
returning id;
