-- A new season. specialty null: all of them.
-- params: $1 specialty text or null, $2 title text, $3 first day date, $4 last day date, $5 actor text
-- rows: id uuid
insert into seasons (specialty, title, starts_on, ends_on, actor)
values ($1, $2, $3, $4, $5)
returning id;
