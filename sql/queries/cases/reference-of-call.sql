-- The reference that was told in a call.
-- params: $1 call id uuid
-- rows: reference text
select reference from case_references where call_id = $1;
