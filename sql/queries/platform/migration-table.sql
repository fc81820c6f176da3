-- Makes the list of migrations that were run, where it is missing.
-- params: none
-- rows: none
create table if not exists schema_migrations (
  name text primary key,
  sha256 text not null,
  applied_at timestamptz not null default now()
);
