-- How many concerns were settled by one talk, by specialty. A concern begins with an answered call before which no expert had
-- talked with the same citizen in this specialty for so many days; a later call of the citizen for it, however it ends, repeats it.
-- params: $1 from timestamptz, $2 to timestamptz, $3 days integer, $4 now timestamptz
-- rows: specialty text, resolved integer, repeated integer, undecided integer, withoutNumber integer
with talks as (
  select c.id, c.caller, c.specialty, c.answered_at, c.ended_at
  from calls c
  where c.direction = 'inbound' and c.ending = 'answered' and c.specialty is not null
    and c.answered_at >= $1::timestamptz and c.answered_at < $2::timestamptz
),
concerns as (
  select t.specialty,
         exists (
           select from calls later
           where later.caller = t.caller and later.specialty = t.specialty and later.direction = 'inbound'
             and later.id > t.id and later.entered_at <= t.ended_at + make_interval(days => $3::integer)
         ) as repeated,
         t.ended_at + make_interval(days => $3::integer) <= $4::timestamptz as over
  from talks t
  where t.caller is not null and not exists (
    select from calls before
    where before.caller = t.caller and before.specialty = t.specialty and before.direction = 'inbound'
      and before.ending = 'answered' and before.id < t.id
      and before.ended_at >= t.answered_at - make_interval(days => $3::integer)
  )
)
select s.key as specialty,
       (select count(*) from concerns c where c.specialty = s.key and not c.repeated and c.over)::integer as resolved,
       (select count(*) from concerns c where c.specialty = s.key and c.repeated)::integer as repeated,
       (select count(*) from concerns c where c.specialty = s.key and not c.repeated and not c.over)::integer as undecided,
       (select count(*) from talks t where t.specialty = s.key and t.caller is null)::integer as "withoutNumber"
from specialties s
order by s.position;
