-- Waits until no other starter migrates; held until the transaction ends.
-- params: none
-- rows: locked void
select pg_advisory_xact_lock(8137137) as locked;
