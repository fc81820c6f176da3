-- The deadlines of a case as they are now.
-- params: $1 rows jsonb array in the table's column names
-- rows: none
insert into case_clocks (
  case_id, clock, started_at, target_seconds, due_at, alarm_at, stopped_at, escalated_due_at, escalated_at
)
select case_id, clock, started_at, target_seconds, due_at, alarm_at, stopped_at, escalated_due_at, escalated_at
from jsonb_populate_recordset(null::case_clocks, $1::jsonb)
on conflict (case_id, clock) do update set
  started_at = excluded.started_at,
  target_seconds = excluded.target_seconds,
  due_at = excluded.due_at,
  alarm_at = excluded.alarm_at,
  stopped_at = excluded.stopped_at,
  escalated_due_at = excluded.escalated_due_at,
  escalated_at = excluded.escalated_at;
