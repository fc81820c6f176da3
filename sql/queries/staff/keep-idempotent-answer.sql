-- The answer to give again. body: {"headers": {…}, "payload": …}.
-- params: $1 account_id uuid, $2 route text, $3 key text, $4 status integer, $5 body json text
-- rows: none
update idempotency_keys set status = $4, body = $5::jsonb where account_id = $1 and route = $2 and key = $3
