-- Whether a number is listed at a moment.
-- params: $1 number text, $2 at timestamptz
-- rows: id uuid
select id from nuisance_numbers
where number = $1 and ended_at is null and (until is null or until > $2::timestamptz)
limit 1;
