-- What is owed to citizens after calls that left something to be done; a fact that came late may tell the number.
-- params: $1 rows jsonb array in the table's column names
-- rows: none
insert into promises (call_id, reason, number, specialty, made_at)
select call_id, reason, number, specialty, made_at
from jsonb_populate_recordset(null::promises, $1::jsonb)
on conflict (call_id) do update set
  reason = excluded.reason,
  number = excluded.number,
  specialty = excluded.specialty,
  made_at = excluded.made_at;
