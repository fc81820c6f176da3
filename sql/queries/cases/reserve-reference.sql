-- The reference under which a call's case is known, or will be; a new one where it has none. No row: the new one is taken.
-- params: $1 call id or null uuid, $2 a new reference text
-- rows: reference text
with known as (
  select reference from case_references where call_id = $1::uuid
  union all
  select c.reference
  from case_calls k
  join cases c on c.id = k.case_id
  where k.call_id = $1::uuid
  union all
  select c.reference
  from callbacks b
  join cases c on c.id = b.case_id
  where b.call_id = $1::uuid
  limit 1
), made as (
  insert into case_references (reference, call_id)
  select $2::text, $1::uuid
  where not exists (select from known)
  on conflict do nothing
  returning reference
)
select reference from known
union all
select reference from made;
