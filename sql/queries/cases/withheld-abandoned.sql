-- How many abandoned calls have no case because their number was withheld: nobody can be called.
-- params: $1 ended from timestamptz, $2 ended before timestamptz
-- rows: count integer
select count(*)::integer as count
from case_waivers w
join calls c on c.id = w.call_id
where w.reason = 'withheld'
  and c.ended_at >= coalesce($1::timestamptz, '-infinity')
  and c.ended_at < coalesce($2::timestamptz, 'infinity');
