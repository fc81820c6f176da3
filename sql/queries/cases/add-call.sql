-- Puts a call to a case, and with it the reference that was told in it; a call that has one already stays there.
-- params: $1 call id uuid, $2 case id uuid
-- rows: call_id uuid
with added as (
  insert into case_calls (call_id, case_id) values ($1, $2)
  on conflict (call_id) do nothing
  returning call_id, case_id
), led as (
  update case_references
  set case_id = added.case_id
  from added
  where case_references.call_id = added.call_id and case_references.case_id is null
)
select call_id from added;
