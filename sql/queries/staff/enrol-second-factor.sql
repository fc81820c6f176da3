-- Replaces the secret of an account's one-time codes. No row if there is no such account.
-- params: $1 id uuid, $2 totp_secret text (base 32)
-- rows: username text, version integer
update accounts
set totp_secret = $2, totp_last_step = null, version = version + 1
where id = $1
returning username, version
