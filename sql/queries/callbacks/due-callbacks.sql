-- Whose time has come, in the order of their places; locked. So many of each specialty as may stand in its queue: a flood in one
-- keeps no promise of another. Left out is who is on the line at this moment, whose case is over,
-- and who has reached an expert of the specialty by another call since. Of several promises to one number one is taken, and
-- none while another is being kept; after an attempt in vain the others of the specialty wait for the next one with it.
-- params: $1 now timestamptz, $2 states of the case text[], $3 how many of a specialty at once integer
-- rows: id uuid, number text, specialty text, placeAt timestamptz, dueAt timestamptz
with due as (
  select b.id, row_number() over (partition by b.specialty order by b.place_at, b.id)
    + (select count(*) from callbacks l where l.state = 'live' and l.specialty = b.specialty) as nth
  from callbacks b
  join cases c on c.id = b.case_id and c.state = any ($2::text[])
  where b.state = 'pending' and b.due_at <= $1::timestamptz
    -- No call lasts so long: of an older one the end was lost with everything else.
    and not exists (
      select from calls k
      where k.caller = b.number and k.ending is null and k.entered_at > $1::timestamptz - interval '6 hours'
    )
    and not exists (
      select from calls k
      where k.caller = b.number and k.ending = 'answered' and k.id is distinct from b.call_id and k.specialty = b.specialty
        and k.answered_at > b.created_at
    )
    and not exists (
      select from callbacks o
      where o.number = b.number and o.id <> b.id and o.state in ('pending', 'live')
        and (o.state = 'live' or (
          -- Who was called last goes first, else who waits longest.
          (coalesce(b.claimed_at, '-infinity'), o.place_at, o.id) < (coalesce(o.claimed_at, '-infinity'), b.place_at, b.id)
          and (o.due_at <= $1::timestamptz
            or (o.specialty = b.specialty and o.claimed_at > greatest(o.created_at, b.created_at)))
        ))
    )
)
select b.id, b.number, b.specialty, b.place_at as "placeAt", b.due_at as "dueAt"
from callbacks b
join due on due.id = b.id and due.nth <= $3::integer
where b.state = 'pending'
order by b.place_at, b.id
for update of b skip locked;
