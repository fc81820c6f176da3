-- One account, as admins see it. None or one.
-- params: $1 id uuid
-- rows: id uuid, username text, name text, role text, expert_id text, active boolean, second_factor boolean, version integer, created_at timestamptz
select id, username, name, role, expert_id, active, totp_secret is not null as second_factor, version, created_at
from accounts
where id = $1
