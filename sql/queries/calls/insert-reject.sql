-- Puts aside an entry that can never be written; once.
-- params: $1 call id text, $2 seq text, $3 kind text, $4 entry text, $5 reason text, $6 detail text
-- rows: none
insert into ledger_rejects (call_id, seq, kind, entry, reason, detail)
values ($1, $2, $3, $4, $5, $6)
on conflict (call_id, seq) do nothing;
