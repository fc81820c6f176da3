-- A season that stands of the same specialty (or, like it, of all) and has a day in common.
-- params: $1 specialty text or null, $2 first day date, $3 last day date
-- rows: id uuid, title text, starts_on text, ends_on text
select id, title, starts_on::text, ends_on::text
from seasons
where cancelled_at is null and specialty is not distinct from $1 and starts_on <= $3 and ends_on >= $2
order by starts_on
limit 1;
