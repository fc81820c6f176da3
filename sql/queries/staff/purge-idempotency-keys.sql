-- Forgets answers kept for repeated requests after a day: whoever repeats does so within minutes.
-- params: none
-- rows: none
delete from idempotency_keys where created_at < now() - interval '1 day';
