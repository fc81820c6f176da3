-- Recordings the ledger told of; they do not change.
-- params: $1 rows jsonb array in the table's column names
-- rows: none
insert into recordings (call_id, seq, kind, path, bytes, seconds, sha256, key_id, file_sha256, created_at)
select call_id, seq, kind, path, bytes, seconds, sha256, key_id, file_sha256, created_at
from jsonb_populate_recordset(null::recordings, $1::jsonb)
on conflict (call_id, seq) do nothing;
