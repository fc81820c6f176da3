-- Attempts that stand as under way, and what the ledger knows of them. unwanted: staff took it back, the case is over, or the
-- citizen has reached an expert meanwhile.
-- params: $1 states of the case text[]
-- rows: id uuid, callId uuid, specialty text, claimedAt timestamptz, entered boolean, ended boolean, unwanted boolean
select b.id, b.call_id as "callId", b.specialty, b.claimed_at as "claimedAt", k.id is not null as entered,
       k.ending is not null as ended,
       b.result = 'taken-back' or c.state <> all ($1::text[]) or exists (
         select from calls r
         where r.caller = b.number and r.ending = 'answered' and r.id is distinct from b.call_id and r.specialty = b.specialty
           and r.answered_at > b.created_at
       ) as unwanted
from callbacks b
join cases c on c.id = b.case_id
left join calls k on k.id = b.call_id
where b.state = 'live';
