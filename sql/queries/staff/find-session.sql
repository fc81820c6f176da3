-- Whose token this is; none for ended sessions and inactive accounts. The caller judges expires_at by its own clock.
-- params: $1 token_hash bytea
-- rows: session_id uuid, expires_at timestamptz, account_id uuid, username text, name text, role text, expert_id text
select s.id as session_id, s.expires_at, a.id as account_id, a.username, a.name, a.role, a.expert_id
from sessions s
join accounts a on a.id = s.account_id
where s.token_hash = $1 and s.ended_at is null and a.active
