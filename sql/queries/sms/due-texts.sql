-- Texts that are to be sent now and are in nobody's hand, oldest first.
-- params: $1 now timestamptz, $2 limit integer
-- rows: id uuid
select id
from text_messages
where state = 'queued' and due_at <= $1::timestamptz and (held_until is null or held_until <= $1::timestamptz)
order by due_at, id
limit $2;
