-- The case that a call of the same citizen joins: without an answer yet, opened within so long of the call.
-- params: $1 number text, $2 at timestamptz, $3 seconds integer, $4 states text[], $5 only an abandoned one boolean
-- rows: id uuid
select id
from cases
where number = $1
  and opened_at between $2::timestamptz - make_interval(secs => $3::integer)
    and $2::timestamptz + make_interval(secs => $3::integer)
  and state = any ($4::text[])
  and (not $5::boolean or reason = 'abandoned')
order by opened_at
limit 1;
