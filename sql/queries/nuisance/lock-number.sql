-- Nobody else lists this number until the transaction ends.
-- params: $1 number text
-- rows: locked text
select pg_advisory_xact_lock(hashtextextended('nuisance:' || $1::text, 0))::text as locked;
