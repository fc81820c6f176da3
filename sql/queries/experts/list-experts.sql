-- A page of the roster, the newest expert first, each with the present skills and the present intent.
-- skills: [{"specialty", "level"}], in the order of the specialties.
-- params: $1 after expert id text or null, $2 limit integer
-- rows: id text, name text, active boolean, version integer, skills jsonb, intent text, reason text, until timestamptz, softphone boolean
select expert.id, expert.name, expert.active, expert.version,
       (select coalesce(jsonb_agg(jsonb_build_object('specialty', skill.specialty, 'level', skill.level) order by specialty.position), '[]')
        from expert_skills as skill join specialties as specialty on specialty.key = skill.specialty
        where skill.expert_id = expert.id and skill.valid_to is null) as skills,
       coalesce(presence.intent, 'offline') as intent, presence.reason, presence.until,
       exists (select from expert_softphones as phone where phone.expert_id = expert.id) as softphone
from experts as expert
left join expert_presence as presence on presence.expert_id = expert.id and presence.valid_to is null
where $1::text is null or (length(expert.id), expert.id) < (length($1), $1)
order by length(expert.id) desc, expert.id desc
limit $2;
