-- A sound that was taken over under this name.
-- params: $1 name text
-- rows: path text, sha256 text
select path, sha256 from recordings
where kind = 'imported' and sources @> array[$1::text]
order by created_at desc
limit 1;
