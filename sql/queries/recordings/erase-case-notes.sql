-- What was noted in these cases.
-- params: $1 case ids uuid[]
-- rows: none
update case_entries set data = data || '{"note": null}'::jsonb
where case_id = any ($1::uuid[]) and data ->> 'note' is not null;
