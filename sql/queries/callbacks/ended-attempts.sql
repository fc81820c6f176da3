-- Attempts under way that are over, and what came of them. outcome: the last one an expert has set. othersReached: within the hour
-- before another citizen has answered whom we called. takenBack: by staff, while it was under way.
-- params: $1 limit integer, $2 now timestamptz
-- rows: id uuid, caseId uuid, reference text, callId uuid, number text, specialty text, attempts smallint, ending text, keyed text, result text, followUp boolean, outcome text, othersReached boolean, takenBack boolean
select b.id, b.case_id as "caseId", c.reference, b.call_id as "callId", b.number, b.specialty, b.attempts, k.ending,
       k.keyed_number as keyed,
       (
         select e.data ->> 'result' from call_entries e
         where e.call_id = k.id and e.kind = 'callback.tried'
         order by e.seq limit 1
       ) as result,
       coalesce(o.follow_up or o.code = 'follow-up-needed', false) as "followUp", o.code as outcome,
       exists (
         select from calls other
         where other.entered_at between k.entered_at - interval '1 hour' and k.ended_at
           and other.direction = 'outbound' and other.answered_at is not null
       ) as "othersReached",
       coalesce(b.result = 'taken-back', false) as "takenBack"
from callbacks b
join cases c on c.id = b.case_id
-- Of a wrap-up that nobody ends an hour later, the end was lost with everything else.
join calls k on k.id = b.call_id
  and (k.state = 'ended' or (k.ending is not null and k.ended_at < $2::timestamptz - interval '1 hour'))
left join lateral (
  select code, follow_up from outcomes where call_id = k.id order by set_at desc, id desc limit 1
) as o on true
where b.state = 'live'
order by b.id
limit $1::integer;
