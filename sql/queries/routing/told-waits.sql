-- What waiting citizens were told of their wait, and what came of it, by specialty: of calls that entered from $1 until before $2.
-- answered: those whose wait ended with an expert; the others hung up, were called back, or still wait, and are not judged.
-- missSeconds: how far outside the range the wait ended, on average over the answered (0 for one inside).
-- params: $1 from timestamptz, or null, $2 to timestamptz, or null
-- rows: specialty text, told integer, answered integer, inside integer, sooner integer, later integer, raised integer, missSeconds float8
with told as (
  select
    c.specialty,
    (e.data ->> 'lowMinutes')::float8 * 60 as low,
    coalesce((e.data ->> 'highMinutes')::float8 * 60, 'infinity') as high,
    e.data ->> 'reason' is not null as raised,
    extract(epoch from c.answered_at - (e.data ->> 'toldAt')::timestamptz)::float8 as seconds
  from calls c
  join call_entries e on e.call_id = c.id and e.kind = 'wait.told'
  where c.entered_at >= coalesce($1::timestamptz, '-infinity') and c.entered_at < coalesce($2::timestamptz, 'infinity')
    -- Told after a talk that broke off: when that wait ended is not in the row.
    and (c.answered_at is null or c.answered_at >= (e.data ->> 'toldAt')::timestamptz)
)
select
  s.key as specialty,
  count(w.low)::integer as told,
  count(w.seconds)::integer as answered,
  (count(w.seconds) filter (where w.seconds between w.low and w.high))::integer as inside,
  (count(w.seconds) filter (where w.seconds < w.low))::integer as sooner,
  (count(w.seconds) filter (where w.seconds > w.high))::integer as later,
  (count(w.low) filter (where w.raised))::integer as raised,
  (avg(greatest(0, w.low - w.seconds, w.seconds - w.high)) filter (where w.seconds is not null))::float8 as "missSeconds"
from specialties s
left join told w on w.specialty = s.key
group by s.key, s.position
order by s.position
