-- Takes a text in hand for a while; none where it is not queued any more or in somebody's hand. inDoubt: who had it in hand
-- before never said what came of it.
-- params: $1 id uuid, $2 now timestamptz, $3 until timestamptz
-- rows: attempts integer, inDoubt boolean
with found as (
  select id, held_until is not null as in_doubt
  from text_messages
  where id = $1 and state = 'queued' and (held_until is null or held_until <= $2::timestamptz)
  for update
)
update text_messages t
set attempts = t.attempts + 1, held_until = $3
from found
where t.id = found.id
returning t.attempts, found.in_doubt as "inDoubt";
