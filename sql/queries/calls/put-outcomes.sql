-- Outcomes set by keypad, as the ledger told them; they do not change.
-- params: $1 rows jsonb array in the table's column names
-- rows: none
insert into outcomes (call_id, seq, code, note, follow_up, set_at, actor)
select call_id, seq, code, note, follow_up, set_at, actor
from jsonb_populate_recordset(null::outcomes, $1::jsonb)
on conflict (call_id, seq) do nothing;
