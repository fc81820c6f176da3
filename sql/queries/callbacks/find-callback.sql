-- A case's callback; locked.
-- params: $1 case id uuid
-- rows: id uuid, state text
select id, state from callbacks where case_id = $1 for update;
