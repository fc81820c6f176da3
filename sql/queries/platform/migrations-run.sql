-- The migrations that were run, oldest first.
-- params: none
-- rows: name text, sha256 text
select name, sha256 from schema_migrations order by name;
