-- The case a call belongs to.
-- params: $1 call id uuid
-- rows: id uuid
select case_id as id from case_calls where call_id = $1;
