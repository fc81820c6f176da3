-- Specialties in the order of the menu with their recent load: how many talks ended since $1 and how long an expert was
-- bound by one on average, wrap-up included (until its end, where that is known). handleSeconds null: no talk ended.
-- params: $1 since timestamptz
-- rows: specialty text, titleFa text, titleEn text, handled integer, handleSeconds float8
select
  s.key as specialty,
  s.title_fa as "titleFa",
  s.title_en as "titleEn",
  count(c.id)::integer as handled,
  avg(extract(epoch from coalesce(w.at, c.ended_at) - c.answered_at))::float8 as "handleSeconds"
from specialties s
left join calls c
  on c.specialty = s.key and c.ending = 'answered' and c.answered_at is not null and c.ended_at >= $1
left join lateral (
  select max(e.at) as at from call_entries e where e.call_id = c.id and e.kind = 'wrap-up.ended'
) w on true
group by s.key, s.title_fa, s.title_en, s.position
order by s.position
