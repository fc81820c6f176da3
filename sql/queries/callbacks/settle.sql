-- What an attempt makes of its callback; nothing where another has done so. Without a number that stays as it was.
-- params: $1 id uuid, $2 call id uuid, $3 state text, $4 due at timestamptz, $5 attempts smallint, $6 result text, $7 number text, $8 wanted at timestamptz
-- rows: id uuid
update callbacks
set state = $3, due_at = coalesce($4, due_at), wanted_at = coalesce($8, wanted_at), attempts = $5, result = $6,
    number = coalesce($7, number), changed_at = clock_timestamp()
where id = $1 and call_id = $2 and state = 'live'
returning id;
