-- What an entry made of a case. The version rises only by what somebody who decides would have to know.
-- params: $1 id uuid, $2 state text, $3 owner uuid, $4 specialty text, $5 follow up on date, $6 reason text, $7 number text
-- rows: none
update cases
set state = $2, owner = $3, specialty = $4, follow_up_on = $5, reason = $6, number = $7, version = version + 1
where id = $1;
