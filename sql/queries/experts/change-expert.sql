-- Changes what is given, leaves the rest (null), and counts the version on. The row must be locked.
-- params: $1 expert id text, $2 name text or null, $3 active boolean or null
-- rows: none
update experts
set name = coalesce($2, name), active = coalesce($3, active), version = version + 1
where id = $1;
