-- Somebody of the staff has said when the citizen is to be called; attempts are counted anew.
-- params: $1 id uuid, $2 case id uuid, $3 number text, $4 specialty text, $5 place timestamptz, $6 due at timestamptz, $7 wanted at timestamptz
-- rows: none
insert into callbacks (id, case_id, number, specialty, place_at, state, due_at, wanted_at)
values ($1, $2, $3, $4, $5, 'pending', $6, $7)
on conflict (case_id) do update
set state = 'pending', due_at = excluded.due_at, wanted_at = excluded.wanted_at, number = excluded.number,
    specialty = excluded.specialty, attempts = 0, result = null, created_at = clock_timestamp(), changed_at = clock_timestamp()
where callbacks.state <> 'live';
