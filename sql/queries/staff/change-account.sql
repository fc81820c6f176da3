-- Changes what is given and leaves the rest (null). No row if the account changed meanwhile.
-- params: $1 id uuid, $2 version that was read integer, $3 name text, $4 role text, $5 active boolean, $6 password_hash text
-- rows: id uuid, username text, name text, role text, expert_id text, active boolean, second_factor boolean, version integer, created_at timestamptz
update accounts
set name = coalesce($3, name),
    role = coalesce($4, role),
    active = coalesce($5, active),
    password_hash = coalesce($6, password_hash),
    password_changed_at = case when $6::text is null then password_changed_at else now() end,
    version = version + 1
where id = $1 and version = $2
returning id, username, name, role, expert_id, active, totp_secret is not null as second_factor, version, created_at
