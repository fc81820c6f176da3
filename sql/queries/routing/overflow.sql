-- The specialties in the order of the menu, each with those whose experts help it out at present, the soonest first.
-- helpers: [{"specialty", "afterSeconds"}].
-- params: $1 specialty text, or null: all of them
-- rows: specialty text, version integer, helpers jsonb
select s.key as specialty, s.overflow_version as version,
       coalesce((
         select jsonb_agg(jsonb_build_object('specialty', r.helper, 'afterSeconds', r.after_seconds)
                          order by r.after_seconds, r.helper)
         from overflow_rules r where r.specialty = s.key and r.valid_to is null
       ), '[]') as helpers
from specialties s
where $1::text is null or s.key = $1
order by s.position
