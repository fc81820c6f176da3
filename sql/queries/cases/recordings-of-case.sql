-- What was spoken of a case: its own sounds and those of its calls, oldest first.
-- params: $1 case id uuid
-- rows: id uuid, callId uuid, kind text, seconds integer, at timestamptz, erasedAt timestamptz
select r.id, r.call_id as "callId", r.kind, r.seconds, coalesce(r.started_at, r.created_at) as at,
       r.erased_at as "erasedAt"
from recordings r
where r.case_id = $1 or r.call_id in (select k.call_id from case_calls k where k.case_id = $1)
order by coalesce(r.started_at, r.created_at), r.id;
