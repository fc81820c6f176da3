-- An attempt that was claimed and never begun is due as before, unless staff have taken it back meanwhile.
-- params: $1 id uuid, $2 call id uuid
-- rows: none
update callbacks
set state = case result when 'taken-back' then 'cancelled' else 'pending' end, changed_at = clock_timestamp()
where id = $1 and call_id = $2 and state = 'live';
