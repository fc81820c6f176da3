-- The calls of a case, oldest first.
-- params: $1 case id uuid
-- rows: id uuid, direction text, specialty text, enteredAt timestamptz, endedAt timestamptz, ending text, expertId text, reference text
select c.id, c.direction, c.specialty, c.entered_at as "enteredAt", c.ended_at as "endedAt", c.ending,
       c.expert_id as "expertId", told.reference
from case_calls k
join calls c on c.id = k.call_id
left join case_references told on told.call_id = c.id
where k.case_id = $1
order by c.id;
