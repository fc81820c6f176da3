-- What the latest hundred answered calls of each specialty tell, none older than $1: how long one bound an expert, from the ring
-- to the end of wrap-up, and how unevenly (variance ÷ mean²); and of the latest hundred who waited, how many left a second.
-- A UUIDv7 begins with its time, so that no more of the index is read than is asked for.
-- params: $1 since timestamptz
-- rows: specialty text, talks integer, meanSeconds float8, spread float8, leavingPerSecond float8
select
  s.key as specialty,
  bound.talks,
  coalesce(bound.mean, 0)::float8 as "meanSeconds",
  coalesce(bound.variance / nullif(bound.mean * bound.mean, 0), 1)::float8 as spread,
  coalesce(waited.lost / nullif(waited.seconds, 0), 0)::float8 as "leavingPerSecond"
from specialties s
cross join (
  select (lpad(to_hex(floor(extract(epoch from $1::timestamptz) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid as id
) as first
cross join lateral (
  select count(*)::integer as talks, avg(t.seconds)::float8 as mean, var_samp(t.seconds)::float8 as variance
  from (
    select greatest(0, extract(epoch from coalesce(w.at, c.ended_at) - coalesce(o.at, c.answered_at))) as seconds
    from calls c
    left join lateral (
      select max(e.at) as at from call_entries e where e.call_id = c.id and e.kind = 'wrap-up.ended'
    ) w on true
    left join lateral (
      select max(o.made_at) as at from offers o where o.call_id = c.id and o.made_at <= c.answered_at
    ) o on true
    where c.specialty = s.key and c.id >= first.id and c.ending = 'answered' and c.answered_at is not null
    order by c.id desc
    limit 100
  ) as t
) as bound
cross join lateral (
  select count(*) filter (where q.lost) as lost, sum(q.seconds)::float8 as seconds
  from (
    select c.answered_at is null as lost,
           greatest(0, extract(epoch from coalesce(c.answered_at, c.ended_at) - c.queued_at)) as seconds
    from calls c
    where c.specialty = s.key and c.id >= first.id and c.queued_at is not null and c.ending is not null
    order by c.id desc
    limit 100
  ) as q
) as waited
order by s.position
