-- The account that signs in under a name, whatever its letters' case; inactive ones too. None or one.
-- params: $1 username text
-- rows: id uuid, username text, password_hash text, role text, expert_id text, name text, active boolean, totp_secret text, totp_last_step bigint
select id, username, password_hash, role, expert_id, name, active, totp_secret, totp_last_step
from accounts
where lower(username) = lower($1)
