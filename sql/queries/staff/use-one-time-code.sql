-- Spends a one-time code: a step at or before the last one spent gives no row, so that a code seen over a shoulder is worthless.
-- params: $1 id uuid, $2 step bigint
-- rows: id uuid
update accounts
set totp_last_step = $2
where id = $1 and (totp_last_step is null or totp_last_step < $2)
returning id
