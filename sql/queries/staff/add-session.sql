-- A sign-in.
-- params: $1 id uuid, $2 account_id uuid, $3 token_hash bytea, $4 created_at timestamptz, $5 expires_at timestamptz
-- rows: none
insert into sessions (id, account_id, token_hash, created_at, expires_at) values ($1, $2, $3, $4, $5)
