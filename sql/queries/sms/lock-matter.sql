-- Nobody else asks for a text about the same case, or to the same number, until the transaction ends.
-- params: $1 the case's id or the number text
-- rows: locked text
select pg_advisory_xact_lock(hashtextextended('text:' || $1::text, 0))::text as locked;
