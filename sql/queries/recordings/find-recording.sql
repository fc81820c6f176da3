-- One recording, and who owns the case it belongs to.
-- params: $1 id uuid
-- rows: id uuid, callId uuid, caseId uuid, kind text, path text, bytes bigint, seconds integer, sha256 text, keyId text, expertId text, startedAt timestamptz, createdAt timestamptz, sources text[], erasedAt timestamptz, caseOwner uuid
select r.id, r.call_id as "callId", coalesce(r.case_id, k.case_id) as "caseId", r.kind, r.path, r.bytes, r.seconds, r.sha256,
       r.key_id as "keyId", r.expert_id as "expertId", r.started_at as "startedAt", r.created_at as "createdAt",
       r.sources, r.erased_at as "erasedAt", c.owner as "caseOwner"
from recordings r
left join case_calls k on k.call_id = r.call_id
left join cases c on c.id = coalesce(r.case_id, k.case_id)
where r.id = $1;
