-- Whoever opens cases of the same citizen takes turns until the transaction ends.
-- params: $1 number, or the call's id where there is none text
-- rows: locked void
select pg_advisory_xact_lock(hashtextextended($1, 139)) as locked;
