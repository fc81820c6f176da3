-- The call by which the same citizen reached an expert since they began the one they gave up, until so long after it: one of the
-- same specialty, where both are known.
-- params: $1 number text, $2 the call given up uuid, $3 seconds integer
-- rows: id uuid
select reached.id
from calls missed
join calls reached on reached.caller = $1 and reached.ending = 'answered'
  and reached.answered_at between missed.entered_at and missed.ended_at + make_interval(secs => $3::integer)
  and (reached.specialty = missed.specialty or missed.specialty is null or reached.specialty is null)
where missed.id = $2::uuid
order by reached.answered_at
limit 1;
