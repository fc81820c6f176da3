-- Adds the skills wanted that an expert does not have yet, after close-skills. The arrays go side by side.
-- params: $1 expert id text, $2 specialties text[], $3 levels smallint[], $4 actor text
-- rows: none
insert into expert_skills (expert_id, specialty, level, valid_from, actor)
select $1, wanted.specialty, wanted.level, clock_timestamp(), $4
from unnest($2::text[], $3::smallint[]) as wanted (specialty, level)
where not exists (
  select from expert_skills as skill
  where skill.expert_id = $1 and skill.specialty = wanted.specialty and skill.valid_to is null);
