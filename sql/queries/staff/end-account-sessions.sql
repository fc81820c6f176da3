-- Ends every sign-in of an account: its password, role or right to sign in changed.
-- params: $1 account_id uuid
-- rows: none
update sessions set ended_at = now() where account_id = $1 and ended_at is null and expires_at > now()
