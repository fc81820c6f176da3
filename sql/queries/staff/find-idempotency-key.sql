-- What became of a key used before. status null: the first request still runs, or its process died in it.
-- params: $1 account_id uuid, $2 route text, $3 key text
-- rows: request_hash bytea, status smallint, body jsonb, created_at timestamptz
select request_hash, status, body, created_at from idempotency_keys where account_id = $1 and route = $2 and key = $3
