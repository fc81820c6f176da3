-- A new closure. specialty null: all of them; ends null: until it is taken back. starts_at: from when it counts, which is not
-- before it was made.
-- params: $1 specialty text or null, $2 kind text, $3 starts timestamptz, $4 ends timestamptz or null, $5 reason text, $6 actor text
-- rows: id uuid, specialty text, kind text, starts_at timestamptz, ends_at timestamptz, reason text, created_at timestamptz, actor text
insert into closures (specialty, kind, starts_at, ends_at, reason, actor)
values ($1, $2, $3, $4, $5, $6)
returning id, specialty, kind, greatest(starts_at, created_at) as starts_at, ends_at, reason, created_at, actor;
