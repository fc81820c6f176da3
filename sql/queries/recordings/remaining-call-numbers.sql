-- How many of these calls still show a number anywhere. Must be 0.
-- params: $1 call ids uuid[]
-- rows: count integer
select count(*)::integer as count
from calls c
where c.id = any ($1::uuid[]) and (
  c.caller is not null or c.caller_received <> '' or c.keyed_number is not null
  or exists (select from promises p where p.call_id = c.id and p.number is not null)
  or exists (
    select from call_entries e
    where e.call_id = c.id
      and coalesce(e.data ->> 'caller', '') || coalesce(e.data ->> 'callerReceived', '')
        || coalesce(e.data ->> 'number', '') <> ''
  )
);
