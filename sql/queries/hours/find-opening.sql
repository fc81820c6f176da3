-- An exceptional opening of all specialties over exactly that time that stands, if there is one.
-- params: $1 starts timestamptz, $2 ends timestamptz
-- rows: id uuid
select id from openings
where specialty is null and starts_at = $1 and ends_at = $2 and cancelled_at is null
order by created_at limit 1;
