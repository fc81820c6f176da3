-- Takes back references that were told, or kept to be told, and have come to no case.
-- params: $1 made before timestamptz
-- rows: reference text
delete from case_references
where case_id is null and made_at < $1
returning reference;
