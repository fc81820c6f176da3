-- Talks of which nobody has said yet what came of them, by specialty, among calls that are over.
-- params: $1 entered at or after timestamptz
-- rows: specialty text, missing integer
select c.specialty, count(*)::integer as missing
from calls c
where c.entered_at >= $1
  and c.state = 'ended'
  and c.answered_at is not null
  and c.specialty is not null
  and not exists (select from outcomes o where o.call_id = c.id)
group by c.specialty;
