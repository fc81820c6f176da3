-- Who talked with the citizen, and for how long.
-- params: $1 call id uuid
-- rows: position smallint, expertId text, startedAt timestamptz, endedAt timestamptz, endedBy text
select position, expert_id as "expertId", started_at as "startedAt", ended_at as "endedAt", ended_by as "endedBy"
from segments
where call_id = $1
order by position;
