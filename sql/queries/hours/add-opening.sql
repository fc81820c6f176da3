-- A new exceptional opening. specialty null: all of them. starts_at: from when it counts, which is not before it was made.
-- params: $1 specialty text or null, $2 starts timestamptz, $3 ends timestamptz, $4 reason text, $5 actor text
-- rows: id uuid, specialty text, starts_at timestamptz, ends_at timestamptz, reason text, created_at timestamptz, actor text
insert into openings (specialty, starts_at, ends_at, reason, actor)
values ($1, $2, $3, $4, $5)
returning id, specialty, greatest(starts_at, created_at) as starts_at, ends_at, reason, created_at, actor;
