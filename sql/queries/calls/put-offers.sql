-- Projected offers. An offer belongs to one call for good.
-- params: $1 rows jsonb array in the table's column names
-- rows: none
insert into offers (id, call_id, expert_id, attempt, made_at, why, result, ended_at)
select id, call_id, expert_id, attempt, made_at, why, result, ended_at
from jsonb_populate_recordset(null::offers, $1::jsonb)
on conflict (id) do update set result = excluded.result, ended_at = excluded.ended_at
where offers.call_id = excluded.call_id;
