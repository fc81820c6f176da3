-- Every expert as the exchange and the queues need them. specialties, and levels side by side: empty for those who are not active.
-- params: $1 expert id text, or null: all of them
-- rows: id text, active boolean, specialties text[], levels smallint[], intent text, reason text, until timestamptz, username text, realm text, ha1 text
select expert.id, expert.active,
       array(select skill.specialty from expert_skills as skill
             where skill.expert_id = expert.id and skill.valid_to is null and expert.active
             order by skill.specialty) as specialties,
       array(select skill.level from expert_skills as skill
             where skill.expert_id = expert.id and skill.valid_to is null and expert.active
             order by skill.specialty) as levels,
       coalesce(presence.intent, 'offline') as intent, presence.reason, presence.until,
       phone.username, phone.realm, phone.ha1
from experts as expert
left join expert_presence as presence on presence.expert_id = expert.id and presence.valid_to is null
left join expert_softphones as phone on phone.expert_id = expert.id
where $1::text is null or expert.id = $1
order by expert.id;
