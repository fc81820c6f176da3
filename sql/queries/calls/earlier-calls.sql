-- Calls of the same number that began before a call, newest first: ids rise with time.
-- params: $1 caller text, $2 the call's id uuid, $3 limit integer
-- rows: id uuid, direction text, specialty text, enteredAt timestamptz, ending text, expertId text, expertName text, talkSeconds double precision, outcome jsonb, caseId uuid
select c.id, c.direction, c.specialty, c.entered_at as "enteredAt", c.ending, c.expert_id as "expertId",
       e.name as "expertName", c.talk_seconds as "talkSeconds", c.outcome, k.case_id as "caseId"
from call_overview c
left join experts e on e.id = c.expert_id
left join case_calls k on k.call_id = c.id
where c.caller = $1 and c.id < $2::uuid
order by c.id desc
limit $3;
