-- Whether the caller's number was listed as a nuisance in this call.
-- params: $1 call id uuid
-- rows: seq integer
select seq
from call_entries
where call_id = $1 and kind = 'caller.listed'
limit 1;
