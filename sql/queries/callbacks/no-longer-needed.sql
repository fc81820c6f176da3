-- Pending callbacks of cases that are over, or whose citizens have reached an expert of the specialty by another call.
-- params: $1 states of the case text[], $2 limit integer
-- rows: id uuid, caseId uuid, reachedBy uuid
select b.id, b.case_id as "caseId", r.id as "reachedBy"
from callbacks b
join cases c on c.id = b.case_id
left join lateral (
  select k.id from calls k
  where k.caller = b.number and k.ending = 'answered' and k.id is distinct from b.call_id and k.specialty = b.specialty
    and k.answered_at > b.created_at
  order by k.answered_at limit 1
) as r on true
where b.state = 'pending' and (c.state <> all ($1::text[]) or r.id is not null)
order by b.id
limit $2::integer;
