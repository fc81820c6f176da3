-- Holidays that stand as rows, of some days.
-- params: $1 first day date, $2 last day date
-- rows: id uuid, date text, title text, lunar text, confirmed boolean, version integer
select id, date::text, title_fa as title, lunar, confirmed, version
from holidays
where withdrawn_at is null and date between $1 and $2
order by date, title_fa;
