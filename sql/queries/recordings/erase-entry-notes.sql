-- The same in their ledger.
-- params: $1 call ids uuid[], $2 before timestamptz
-- rows: none
update call_entries set data = data || '{"note": null}'::jsonb
where call_id = any ($1::uuid[]) and kind = 'outcome.set' and at < $2 and data ->> 'note' is not null;
