-- What was spoken of a case: its own sounds and those of its calls, oldest first. None is both: a sound has either a
-- call or a case.
-- params: $1 case id uuid
-- rows: id uuid, callId uuid, kind text, seconds integer, at timestamptz, erasedAt timestamptz
select r.id, r.call_id as "callId", r.kind, r.seconds, coalesce(r.started_at, r.created_at) as at,
       r.erased_at as "erasedAt"
from (
  select own.* from recordings own where own.case_id = $1
  union all
  select spoken.* from case_calls k join recordings spoken on spoken.call_id = k.call_id where k.case_id = $1
) as r
order by at, r.id;
