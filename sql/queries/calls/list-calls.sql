-- A page of calls, newest first; a filter that is null lets everything pass. The bound of the id is coalesced instead of tested for
-- null, so that a prepared plan can still walk the index; those of the time are not, as it would rather sort all calls by them.
-- params: $1 id of the last call seen uuid, $2 direction text, $3 entered from timestamptz, $4 entered before timestamptz, $5 expert id text, $6 specialty text, $7 ending text, $8 state text, $9 limit integer
-- rows: id uuid, direction text, entry text, caller text, callerReason text, specialty text, enteredAt timestamptz, queuedAt timestamptz, answeredAt timestamptz, endedAt timestamptz, state text, ending text, expertId text, waitSeconds float8, talkSeconds float8, outcome jsonb, outcomeVersion integer, surveyScore smallint, caseId uuid
select
  id, direction, entry, caller, caller_reason as "callerReason", specialty,
  entered_at as "enteredAt", queued_at as "queuedAt", answered_at as "answeredAt", ended_at as "endedAt",
  state, ending, expert_id as "expertId", wait_seconds as "waitSeconds", talk_seconds as "talkSeconds",
  outcome, outcome_version as "outcomeVersion", survey_score as "surveyScore",
  (select case_id from case_calls where call_id = call_overview.id) as "caseId"
from call_overview
where id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
  and ($2::text is null or direction = $2)
  and ($3::timestamptz is null or entered_at >= $3)
  and ($4::timestamptz is null or entered_at < $4)
  and ($5::text is null or expert_id = $5)
  and ($6::text is null or specialty = $6)
  and ($7::text is null or ending = $7)
  and ($8::text is null or state = $8)
order by id desc
limit $9::integer;
