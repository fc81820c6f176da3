-- Whether a case can be given to this account: it may sign in and has one of these roles.
-- params: $1 account id uuid, $2 roles text[]
-- rows: id uuid
select id from accounts where id = $1 and active and role = any ($2::text[]);
