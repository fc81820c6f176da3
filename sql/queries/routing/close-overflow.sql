-- Ends what helps a specialty out; the rows stay as history. After lock-overflow, in its transaction.
-- params: $1 specialty text
-- rows: none
update overflow_rules set valid_to = greatest(valid_from, clock_timestamp())
where specialty = $1 and valid_to is null
