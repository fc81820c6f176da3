-- Makes changes of one expert wait for each other; no row: there is no such expert.
-- params: $1 expert id text
-- rows: active boolean, version integer
select active, version from experts where id = $1 for no key update;
