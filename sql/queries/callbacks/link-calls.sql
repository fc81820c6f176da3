-- Attempts belong to the case whose promise they keep.
-- params: none
-- rows: none
insert into case_calls (call_id, case_id)
select b.call_id, b.case_id
from callbacks b
join calls k on k.id = b.call_id
where not exists (select from case_calls l where l.call_id = b.call_id)
on conflict (call_id) do nothing;
