-- Writers of the same call take turns until the transaction ends; in one order, so that two batches never wait for each other.
-- params: $1 call ids uuid[]
-- rows: locked void
select pg_advisory_xact_lock(hashtextextended(id::text, 137)) as locked
from (select distinct id from unnest($1::uuid[]) as given (id) order by id) as ordered;
