-- A holiday that stands as a row, for a change; others wait until it is done.
-- params: $1 id uuid
-- rows: id uuid, date text, title text, lunar text, confirmed boolean, version integer
select id, date::text, title_fa as title, lunar, confirmed, version
from holidays
where id = $1 and withdrawn_at is null
for no key update;
