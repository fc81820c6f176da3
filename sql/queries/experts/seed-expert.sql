-- A demo expert under a given id; no row: the id is taken.
-- params: $1 expert id text, $2 name text, $3 actor text
-- rows: id text
insert into experts (id, name, created_by) values ($1, $2, $3)
on conflict (id) do nothing
returning id;
