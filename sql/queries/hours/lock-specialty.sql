-- A specialty's regular hours for a change; others wait until it is done. No row: there is no such specialty.
-- now_exactly: with microseconds, which a Date loses.
-- params: $1 specialty text
-- rows: version integer, now timestamptz, now_exactly text
select hours_version as version, moment.now, moment.now::text as now_exactly
from specialties, (select clock_timestamp() as now) as moment
where key = $1
for no key update of specialties;
