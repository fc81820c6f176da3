-- How many texts are to be sent, and since when the oldest of those that are due has been.
-- params: $1 now timestamptz
-- rows: queued integer, oldestDueAt timestamptz
select count(*)::integer as queued, min(due_at) filter (where due_at <= $1::timestamptz) as "oldestDueAt"
from text_messages
where state = 'queued';
