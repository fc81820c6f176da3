-- A new expert under the next free id.
-- params: $1 name text, $2 actor text
-- rows: id text
insert into experts (name, created_by) values ($1, $2) returning id;
