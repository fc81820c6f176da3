-- What was noted of these calls.
-- params: $1 call ids uuid[], $2 before timestamptz, $3 at timestamptz
-- rows: none
update outcomes set note = null, note_erased_at = $3
where call_id = any ($1::uuid[]) and note is not null and set_at < $2;
