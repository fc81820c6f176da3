-- The sound of a message that was taken over; taken over again it has one more name.
-- params: $1 content hash of the message text, $2 path text, $3 bytes bigint, $4 sha256 text, $5 key id text, $6 file sha256 text, $7 received at timestamptz, $8 names text[]
-- rows: none
insert into recordings (case_id, kind, path, bytes, sha256, key_id, file_sha256, started_at, sources, created_at)
select i.case_id, 'imported', $2, $3::bigint, $4, $5, $6, $7::timestamptz, $8::text[], clock_timestamp()
from case_imports i
where i.content_hash = $1
on conflict (path) where kind = 'imported' do update
set sources = array(select distinct unnest(recordings.sources || excluded.sources) order by 1);
