-- The same in the rows that follow from it.
-- params: $1 call ids uuid[], $2 at timestamptz
-- rows: none
update calls
set caller = null, caller_received = '', keyed_number = null, numbers_erased_at = $2,
    caller_reason = case when caller is null then caller_reason else 'erased' end
where id = any ($1::uuid[]);
