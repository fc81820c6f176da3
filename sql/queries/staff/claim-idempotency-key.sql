-- Takes a key for a request that is about to run: a row if it is ours now, none if it was used within a day. Concurrent
-- claims meet in the primary key, so never two win.
-- params: $1 account_id uuid, $2 route text, $3 key text, $4 request_hash bytea
-- rows: key text
insert into idempotency_keys (account_id, route, key, request_hash) values ($1, $2, $3, $4)
on conflict (account_id, route, key) do update
  set request_hash = excluded.request_hash, status = null, body = null, created_at = now()
  where idempotency_keys.created_at < now() - interval '1 day'
returning key
