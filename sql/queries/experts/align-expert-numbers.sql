-- After ids were given by hand: the next expert gets a number above all that are taken.
-- params: none
-- rows: number bigint
select setval('expert_numbers', greatest(max(substr(id, 2)::integer), (select last_value from expert_numbers))) as number
from experts
having count(*) > 0;
