-- Claims a migration before it is run; no row comes back if another starter has it.
-- params: $1 name text, $2 sha256 text
-- rows: name text
insert into schema_migrations (name, sha256) values ($1, $2)
on conflict (name) do nothing
returning name;
