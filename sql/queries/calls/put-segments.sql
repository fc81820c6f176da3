-- Projected stretches of talk.
-- params: $1 rows jsonb array in the table's column names
-- rows: none
insert into segments (call_id, position, offer_id, expert_id, started_at, ended_at, ended_by, survey_score)
select call_id, position, offer_id, expert_id, started_at, ended_at, ended_by, survey_score
from jsonb_populate_recordset(null::segments, $1::jsonb)
on conflict (call_id, position) do update set
  offer_id = excluded.offer_id,
  expert_id = excluded.expert_id,
  started_at = excluded.started_at,
  ended_at = excluded.ended_at,
  ended_by = excluded.ended_by,
  survey_score = excluded.survey_score;
