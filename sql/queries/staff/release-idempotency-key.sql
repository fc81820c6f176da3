-- The request was refused or failed and created nothing: the key may be used again.
-- params: $1 account_id uuid, $2 route text, $3 key text
-- rows: none
delete from idempotency_keys where account_id = $1 and route = $2 and key = $3 and status is null
