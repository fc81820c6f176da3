-- Notes that an abandoned call has no case, and why.
-- params: $1 call id uuid, $2 reason text
-- rows: none
insert into case_waivers (call_id, reason) values ($1, $2)
on conflict (call_id) do nothing;
