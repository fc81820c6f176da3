-- When and by whom the regular hours of a specialty were last changed; always one row.
-- version: microseconds of the last change (0: never had any). next_change: an instant that is later for certain, even
-- if the clock was set back.
-- params: $1 specialty text
-- rows: version bigint, changed_at timestamptz, actor text, next_change text
select coalesce((extract(epoch from last.at) * 1000000)::bigint, 0) as version,
       last.at as changed_at,
       (select actor from weekly_hours where specialty = $1 order by valid_from desc, id desc limit 1) as actor,
       greatest(clock_timestamp(), last.at + interval '1 microsecond')::text as next_change
from (select greatest(max(valid_from), max(valid_to)) as at from weekly_hours where specialty = $1) as last;
