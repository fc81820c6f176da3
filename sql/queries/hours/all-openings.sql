-- All exceptional openings to be kept in memory. None counts before it was made; one that was cancelled while it lasted was
-- open until then.
-- params: none
-- rows: specialty text, starts_at timestamptz, ends_at timestamptz
select specialty, greatest(starts_at, created_at) as starts_at, least(ends_at, coalesce(cancelled_at, ends_at)) as ends_at
from openings
where cancelled_at is null or cancelled_at > starts_at
order by starts_at;
