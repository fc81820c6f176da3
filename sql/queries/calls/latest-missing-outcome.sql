-- The call of an expert's latest talk of which nobody has said yet what came of it, among calls that are over.
-- params: $1 expert id text, $2 ended at or after timestamptz
-- rows: id uuid
select c.id
from calls c
join segments s on s.call_id = c.id and s.expert_id = c.expert_id
where c.expert_id = $1
  and c.state = 'ended'
  and c.ended_at >= $2
  and not exists (select from outcomes o where o.call_id = c.id)
order by s.started_at desc
limit 1;
