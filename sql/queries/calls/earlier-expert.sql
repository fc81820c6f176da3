-- With whom this citizen talked last about this specialty, since $3, where that expert still has the skill; no row: nobody.
-- params: $1 caller text, $2 specialty text, $3 since timestamptz
-- rows: expertId text
select talk.expert_id as "expertId"
from (
  select c.expert_id from calls c
  where c.ending = 'answered' and c.caller = $1 and c.specialty = $2 and c.answered_at >= $3
  order by c.answered_at desc
  limit 1
) as talk
join expert_skills as skill on skill.expert_id = talk.expert_id and skill.specialty = $2 and skill.valid_to is null
