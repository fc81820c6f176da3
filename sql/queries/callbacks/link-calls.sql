-- Attempts belong to the case whose promise they keep. Looked at are those that may have come in since the last time: a call is
-- written down within a moment, or when PostgreSQL is there again.
-- params: none
-- rows: none
insert into case_calls (call_id, case_id)
select b.call_id, b.case_id
from callbacks b
join calls k on k.id = b.call_id
where (b.state in ('pending', 'live') or b.changed_at > now() - interval '3 days')
  and not exists (select from case_calls l where l.call_id = b.call_id)
on conflict (call_id) do nothing;
