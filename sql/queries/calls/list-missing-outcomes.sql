-- A page of talks that are over and of which nobody has said what came of them, newest first; a filter that is null lets everything
-- pass. The page is found first, and only what is on it is worked out.
-- params: $1 id of the last call seen uuid, $2 direction text, $3 entered from timestamptz, $4 entered before timestamptz, $5 expert id text, $6 specialty text, $7 ending text, $8 state text, $9 limit integer
-- rows: id uuid, direction text, entry text, caller text, callerReason text, specialty text, enteredAt timestamptz, queuedAt timestamptz, answeredAt timestamptz, endedAt timestamptz, state text, ending text, expertId text, waitSeconds float8, talkSeconds float8, outcome jsonb, outcomeVersion integer, surveyScore smallint, caseId uuid
with page as materialized (
  select c.id
  from calls c
  where c.id < coalesce($1::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    and ($2::text is null or c.direction = $2)
    and ($3::timestamptz is null or c.entered_at >= $3)
    and ($4::timestamptz is null or c.entered_at < $4)
    and ($5::text is null or c.expert_id = $5)
    and ($6::text is null or c.specialty = $6)
    and ($7::text is null or c.ending = $7)
    and ($8::text is null or c.state = $8)
    and c.state = 'ended' and c.answered_at is not null
    and not exists (select from outcomes o where o.call_id = c.id)
  order by c.id desc
  limit $9::integer
)
select
  v.id, v.direction, v.entry, v.caller, v.caller_reason as "callerReason", v.specialty,
  v.entered_at as "enteredAt", v.queued_at as "queuedAt", v.answered_at as "answeredAt", v.ended_at as "endedAt",
  v.state, v.ending, v.expert_id as "expertId", v.wait_seconds as "waitSeconds", v.talk_seconds as "talkSeconds",
  v.outcome, v.outcome_version as "outcomeVersion", v.survey_score as "surveyScore",
  (select case_id from case_calls where call_id = v.id) as "caseId"
from page
join call_overview v on v.id = page.id
order by v.id desc;
