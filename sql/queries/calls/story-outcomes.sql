-- Every outcome that was set for a call, oldest first; the last one counts.
-- params: $1 call id uuid
-- rows: code text, note text, followUp boolean, setAt timestamptz, actor text
select code, note, follow_up as "followUp", set_at as "setAt", actor
from outcomes
where call_id = $1
order by set_at, id;
