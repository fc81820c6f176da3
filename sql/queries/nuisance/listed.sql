-- Every number that is listed and not ended, once, until the latest of its ends; null: no end is set.
-- params: none
-- rows: number text, until timestamptz
select number, nullif(max(coalesce(until, 'infinity')), 'infinity') as until
from nuisance_numbers
where ended_at is null and number is not null
group by number;
