-- Cases with a clock that nothing has stopped, of which so much is used up that somebody must hear of it, and has not.
-- params: $1 now timestamptz
-- rows: id uuid
select distinct case_id as id
from case_clocks
where stopped_at is null and alarm_at <= $1 and due_at is not null and escalated_due_at is distinct from due_at
order by case_id;
