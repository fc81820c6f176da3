-- Whom a case is about, where they have asked last to be called, and since when they wait.
-- params: $1 case id uuid
-- rows: number text, specialty text, placeAt timestamptz
select coalesce(b.number, c.number) as number, c.specialty, coalesce(min(coalesce(k.queued_at, k.entered_at)), c.opened_at) as "placeAt"
from cases c
left join callbacks b on b.case_id = c.id
left join case_calls l on l.case_id = c.id
left join calls k on k.id = l.call_id
where c.id = $1
group by c.id, b.id;
