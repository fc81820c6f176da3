-- Cases of abandoned calls whose citizens have reached an expert since one of these calls began, until so long after it: one of the
-- same specialty, where both are known. One that was closed before and opened again is left to people; what becomes of a case whose
-- citizen we have called, callbacks/ decides.
-- params: $1 seconds integer, $2 states text[]
-- rows: id uuid, callId uuid, at timestamptz
select distinct on (c.id) c.id, reached.id as "callId", reached.answered_at as at
from cases c
join case_calls k on k.case_id = c.id
join calls missed on missed.id = k.call_id
join calls reached on reached.caller = c.number and reached.ending = 'answered' and reached.direction = 'inbound'
  and reached.answered_at between missed.entered_at and missed.ended_at + make_interval(secs => $1::integer)
  and (reached.specialty = missed.specialty or missed.specialty is null or reached.specialty is null)
where c.reason = 'abandoned' and c.number is not null
  and c.state not in ('closed', 'withdrawn', 'spam') and c.state = any ($2::text[])
  and not exists (select from case_entries e where e.case_id = c.id and e.kind = 'case.closed')
order by c.id, reached.answered_at;
