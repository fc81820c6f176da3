-- The report of an erasure.
-- params: $1 rule text, $2 days integer, $3 before timestamptz, $4 at timestamptz, $5 counts jsonb, $6 subjects text[], $7 remaining integer, $8 previous checksum text, $9 checksum text
-- rows: id bigint
insert into erasures (rule, days, before, at, counts, subjects, remaining, previous, checksum)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
returning id;
