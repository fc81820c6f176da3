-- A page of the audit, newest first. Filters are null where not wanted. id as text: it may exceed what a double holds.
-- params: $1 last id of the page before bigint, $2 actor text, $3 action text, $4 subject text, $5 from timestamptz, $6 to (exclusive) timestamptz, $7 limit integer
-- rows: id text, at timestamptz, actor text, action text, subject text, detail jsonb
select id::text as id, at, actor, action, subject, detail
from audit
where ($1::bigint is null or id < $1::bigint)
  and ($2::text is null or actor = $2)
  and ($3::text is null or action = $3)
  and ($4::text is null or subject = $4)
  and ($5::timestamptz is null or at >= $5)
  and ($6::timestamptz is null or at < $6)
order by audit.id desc
limit $7
