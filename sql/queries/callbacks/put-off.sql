-- A pending callback is due later.
-- params: $1 id uuid, $2 due at timestamptz
-- rows: none
update callbacks set due_at = $2, changed_at = clock_timestamp() where id = $1 and state = 'pending';
