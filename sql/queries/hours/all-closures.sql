-- All closures to be kept in memory. None counts before it was made; one that was taken back while it lasted held until then.
-- params: none
-- rows: specialty text, kind text, starts_at timestamptz, ends_at timestamptz
select specialty, kind, greatest(starts_at, created_at) as starts_at, least(ends_at, cancelled_at) as ends_at
from closures
where cancelled_at is null or cancelled_at > starts_at
order by starts_at;
