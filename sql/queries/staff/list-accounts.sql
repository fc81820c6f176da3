-- A page of accounts, newest first: ids are UUIDv7.
-- params: $1 last id of the page before uuid or null, $2 limit integer
-- rows: id uuid, username text, name text, role text, expert_id text, active boolean, second_factor boolean, version integer, created_at timestamptz
select id, username, name, role, expert_id, active, totp_secret is not null as second_factor, version, created_at
from accounts
where $1::uuid is null or id < $1::uuid
order by id desc
limit $2
