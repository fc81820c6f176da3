-- Recordings of these kinds that are old enough to be erased, locked; not where a case is open.
-- params: $1 kinds text[], $2 before timestamptz, $3 limit integer
-- rows: id uuid, path text
select r.id, r.path
from recordings r
where r.erased_at is null and r.kind = any ($1::text[])
  and coalesce(r.started_at, r.created_at) < $2
  and not case_is_open(r.case_id) and not call_is_held(r.call_id)
order by r.created_at
limit $3::integer
for update of r skip locked;
