-- The texts of a case, oldest first.
-- params: $1 case id uuid
-- rows: id uuid, number text, template text, parameters jsonb, caseId uuid, callId uuid, state text, createdAt timestamptz, dueAt timestamptz, attempts integer, body text, reason text, sentAt timestamptz, answersAt timestamptz
select id, number, template, parameters, case_id as "caseId", call_id as "callId", state, created_at as "createdAt",
       due_at as "dueAt", attempts, body, reason, sent_at as "sentAt",
       answers_at as "answersAt"
from text_messages
where case_id = $1
order by created_at, id;
