-- Whether a file is a recording's own, and so not to be taken over from elsewhere.
-- params: $1 path text
-- rows: id uuid
select id from recordings where path = $1 limit 1;
