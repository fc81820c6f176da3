-- A new account. Taken names and experts break accounts_username and accounts_expert_id_key, an unknown expert
-- accounts_expert_id_fkey.
-- params: $1 id uuid, $2 username text, $3 password_hash text, $4 role text, $5 expert_id text or null, $6 name text, $7 actor text
-- rows: id uuid, username text, name text, role text, expert_id text, active boolean, second_factor boolean, version integer, created_at timestamptz
insert into accounts (id, username, password_hash, role, expert_id, name, created_by)
values ($1, $2, $3, $4, $5, $6, $7)
returning id, username, name, role, expert_id, active, totp_secret is not null as second_factor, version, created_at
