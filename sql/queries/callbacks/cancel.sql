-- Nobody is called any more. A call that is under way goes on, where a telephone rings already, and has its end written down.
-- params: $1 id uuid, $2 result text
-- rows: state text
update callbacks
set state = case state when 'live' then 'live' else 'cancelled' end, result = $2, changed_at = clock_timestamp()
where id = $1 and (state = 'pending' or (state = 'live' and $2 = 'taken-back' and result is distinct from 'taken-back'))
returning state;
