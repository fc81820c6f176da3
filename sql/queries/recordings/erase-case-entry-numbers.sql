-- What was keyed in for a number, in the histories of these cases.
-- params: $1 case ids uuid[]
-- rows: none
update case_entries set data = data || '{"keyed": null}'::jsonb
where case_id = any ($1::uuid[]) and data ? 'keyed';
