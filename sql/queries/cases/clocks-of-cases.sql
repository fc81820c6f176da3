-- The deadlines of some cases.
-- params: $1 case ids uuid[]
-- rows: caseId uuid, clock text, startedAt timestamptz, targetSeconds integer, dueAt timestamptz, alarmAt timestamptz, stoppedAt timestamptz, escalatedDueAt timestamptz, escalatedAt timestamptz
select
  case_id as "caseId", clock, started_at as "startedAt", target_seconds as "targetSeconds", due_at as "dueAt",
  alarm_at as "alarmAt", stopped_at as "stoppedAt", escalated_due_at as "escalatedDueAt", escalated_at as "escalatedAt"
from case_clocks
where case_id = any ($1::uuid[])
order by case_id, array_position(array['acknowledge', 'answer', 'resolve'], clock);
