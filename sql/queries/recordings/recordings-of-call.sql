-- The recordings of a call, the erased ones too, oldest first.
-- params: $1 call id uuid
-- rows: id uuid, callId uuid, caseId uuid, kind text, path text, bytes bigint, seconds integer, sha256 text, keyId text, expertId text, startedAt timestamptz, createdAt timestamptz, sources text[], erasedAt timestamptz
select r.id, r.call_id as "callId", coalesce(r.case_id, k.case_id) as "caseId", r.kind, r.path, r.bytes, r.seconds, r.sha256,
       r.key_id as "keyId", r.expert_id as "expertId", r.started_at as "startedAt", r.created_at as "createdAt",
       r.sources, r.erased_at as "erasedAt"
from recordings r
left join case_calls k on k.call_id = r.call_id
where r.call_id = $1
order by coalesce(r.started_at, r.created_at), r.id;
