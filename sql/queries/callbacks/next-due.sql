-- When the next callback is due.
-- params: none
-- rows: dueAt timestamptz
select min(due_at) as "dueAt" from callbacks where state = 'pending';
