-- The switch's new position.
-- params: $1 closed boolean, $2 from when timestamptz, $3 actor text
-- rows: closed boolean, changed_at timestamptz, actor text
insert into holiday_closing (closed, valid_from, actor)
values ($1, $2, $3)
returning closed, valid_from as changed_at, actor;
