-- One call as the API shows it.
-- params: $1 call id uuid
-- rows: id uuid, direction text, entry text, caller text, callerReason text, specialty text, enteredAt timestamptz, queuedAt timestamptz, answeredAt timestamptz, endedAt timestamptz, state text, ending text, expertId text, waitSeconds float8, talkSeconds float8, outcome jsonb, outcomeVersion integer, surveyScore smallint, caseId uuid
select
  id, direction, entry, caller, caller_reason as "callerReason", specialty,
  entered_at as "enteredAt", queued_at as "queuedAt", answered_at as "answeredAt", ended_at as "endedAt",
  state, ending, expert_id as "expertId", wait_seconds as "waitSeconds", talk_seconds as "talkSeconds",
  outcome, outcome_version as "outcomeVersion", survey_score as "surveyScore",
  (select case_id from case_calls where call_id = call_overview.id) as "caseId"
from call_overview
where id = $1;
