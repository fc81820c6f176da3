-- A specialty and when its regular hours were last changed; no row: there is no such specialty.
-- params: $1 specialty text
-- rows: version integer, changed_at timestamptz, actor text
select hours_version as version, hours_changed_at as changed_at, hours_changed_by as actor
from specialties where key = $1;
