-- Moves or confirms a holiday.
-- params: $1 id uuid, $2 date, $3 confirmed boolean
-- rows: id uuid, date text, title text, lunar text, confirmed boolean, version integer
update holidays set date = $2, confirmed = $3, version = version + 1
where id = $1
returning id, date::text, title_fa as title, lunar, confirmed, version;
