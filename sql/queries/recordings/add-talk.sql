-- A recorded talk, with whom and since when as the ledger has it; none while the call's own row is not there, or if it is known.
-- params: $1 call id uuid, $2 offer id text, $3 path text, $4 bytes bigint, $5 seconds integer, $6 sha256 text, $7 key id text, $8 file sha256 text
-- rows: id uuid
insert into recordings
  (call_id, kind, offer_id, expert_id, started_at, path, bytes, seconds, sha256, key_id, file_sha256, created_at)
select c.id, 'talk', $2, coalesce(s.expert_id, o.expert_id), coalesce(s.started_at, o.ended_at), $3,
       $4::bigint, $5::integer, $6, $7, $8, clock_timestamp()
from calls c
left join offers o on o.id = $2
left join segments s on s.offer_id = $2 and s.call_id = c.id
where c.id = $1
on conflict (offer_id) do nothing
returning id;
