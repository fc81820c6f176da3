-- Takes a number off the list from now on; none: no such row is in force.
-- params: $1 id uuid, $2 actor text
-- rows: number text
update nuisance_numbers set ended_at = clock_timestamp(), ended_by = $2
where id = $1 and ended_at is null and (until is null or until > clock_timestamp())
returning number;
