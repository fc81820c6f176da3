-- A page of reports, the newest first, each with the checksum that stands before it.
-- params: $1 the last id of the page before bigint, $2 from timestamptz, $3 to timestamptz, $4 limit integer
-- rows: id bigint, rule text, days integer, before timestamptz, at timestamptz, counts jsonb, subjects text[], remaining integer, previous text, checksum text, before_it text
select e.id, e.rule, e.days, e.before, e.at, e.counts, e.subjects, e.remaining, e.previous, e.checksum,
       (select b.checksum from erasures b where b.id < e.id order by b.id desc limit 1) as before_it
from erasures e
where ($1::bigint is null or e.id < $1)
  and ($2::timestamptz is null or e.at >= $2)
  and ($3::timestamptz is null or e.at < $3)
order by e.id desc
limit $4::integer;
