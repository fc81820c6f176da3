-- Whose experts help a specialty out from now on, and after how long; the arrays go side by side.
-- params: $1 specialty text, $2 helpers text[], $3 seconds integer[], $4 actor text
-- rows: none
insert into overflow_rules (specialty, helper, after_seconds, valid_from, actor)
select $1, rule.helper, rule.seconds, clock_timestamp(), $4
from unnest($2::text[], $3::integer[]) as rule (helper, seconds)
