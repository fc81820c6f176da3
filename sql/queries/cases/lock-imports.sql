-- Imports take turns until the transaction ends.
-- params: none
-- rows: locked void
select pg_advisory_xact_lock(8137140) as locked;
