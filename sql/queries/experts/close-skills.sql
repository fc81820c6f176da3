-- Ends the skills an expert no longer has at that level; the rows stay as history. The expert's row must be locked.
-- The arrays are the skills wanted, side by side.
-- params: $1 expert id text, $2 specialties text[], $3 levels smallint[]
-- rows: none
update expert_skills as skill
set valid_to = greatest(clock_timestamp(), valid_from)
where skill.expert_id = $1 and skill.valid_to is null
  and not exists (
    select from unnest($2::text[], $3::smallint[]) as wanted (specialty, level)
    where wanted.specialty = skill.specialty and wanted.level = skill.level);
