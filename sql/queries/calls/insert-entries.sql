-- Writes ledger entries that are not there yet, except those of a call recognised as imported before.
-- params: $1 entries jsonb array of {callId, seq, kind, at, actor, data}
-- rows: call_id uuid
insert into call_entries (call_id, seq, kind, at, actor, data)
select e."callId", e.seq, e.kind, e.at, e.actor, e.data
from jsonb_to_recordset($1::jsonb) as e ("callId" uuid, seq integer, kind text, at timestamptz, actor text, data jsonb)
where not exists (
  select from ledger_rejects r where r.call_id = e."callId"::text and r.reason = 'duplicate'
)
on conflict (call_id, seq) do nothing
returning call_id;
