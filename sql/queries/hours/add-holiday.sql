-- A declared holiday.
-- params: $1 date, $2 title text, $3 actor text
-- rows: id uuid, date text, title text, lunar text, confirmed boolean, version integer
insert into holidays (date, title_fa, confirmed, actor)
values ($1, $2, true, $3)
returning id, date::text, title_fa as title, lunar, confirmed, version;
