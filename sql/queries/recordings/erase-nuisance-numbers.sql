-- Listed numbers and why they were listed; that somebody listed one, and when, stays.
-- params: $1 ids uuid[], $2 at timestamptz
-- rows: none
update nuisance_numbers set number = null, reason = null, erased_at = $2 where id = any ($1::uuid[]);
