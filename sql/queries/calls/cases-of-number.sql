-- Cases of a number, newest first.
-- params: $1 number text, $2 limit integer
-- rows: id uuid, reference text, reason text, state text, specialty text, openedAt timestamptz
select id, reference, reason, state, specialty, opened_at as "openedAt"
from cases
where number = $1
order by opened_at desc, id desc
limit $2;
