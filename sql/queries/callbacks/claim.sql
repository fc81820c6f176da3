-- The attempt begins: nobody else may call this citizen until it has ended.
-- params: $1 id uuid, $2 call id uuid, $3 now timestamptz
-- rows: none
update callbacks set state = 'live', call_id = $2, claimed_at = $3, changed_at = clock_timestamp()
where id = $1 and state = 'pending';
