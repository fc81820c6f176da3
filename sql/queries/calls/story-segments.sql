-- Who talked with the citizen, for how long, and the mark the citizen gave for it.
-- params: $1 call id uuid
-- rows: position smallint, expertId text, startedAt timestamptz, endedAt timestamptz, endedBy text, surveyScore smallint
select
  position, expert_id as "expertId", started_at as "startedAt", ended_at as "endedAt", ended_by as "endedBy",
  survey_score as "surveyScore"
from segments
where call_id = $1
order by position;
