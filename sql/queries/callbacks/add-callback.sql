-- A case's callback, once.
-- params: $1 id uuid, $2 case id uuid, $3 number text, $4 specialty text, $5 place timestamptz, $6 state text, $7 due at timestamptz, $8 result text, $9 promised at timestamptz, $10 wanted at timestamptz
-- rows: id uuid
insert into callbacks (id, case_id, number, specialty, place_at, state, due_at, result, created_at, wanted_at)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (case_id) do nothing
returning id;
