-- A pending callback is due later, as it is closed; when it was wanted stays.
-- params: $1 id uuid, $2 due at timestamptz
-- rows: none
update callbacks set wanted_at = coalesce(wanted_at, due_at), due_at = $2, changed_at = clock_timestamp()
where id = $1 and state = 'pending';
