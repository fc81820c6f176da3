-- Lists a number from now on; none where it is listed already.
-- params: $1 number text, $2 reason text, $3 until timestamptz or null, $4 actor text
-- rows: id uuid, number text, reason text, startsAt timestamptz, until timestamptz, actor text, endedAt timestamptz, endedBy text
insert into nuisance_numbers (number, reason, until, actor)
select $1::text, $2::text, $3::timestamptz, $4::text
where not exists (
  select from nuisance_numbers
  where number = $1::text and ended_at is null and (until is null or until > clock_timestamp())
)
returning id, number, reason, starts_at as "startsAt", until, actor, ended_at as "endedAt", ended_by as "endedBy";
