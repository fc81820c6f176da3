-- Recordings that lie in the clear, from before they were sealed.
-- params: $1 limit integer
-- rows: id uuid, path text
select id, path from recordings
where key_id is null and erased_at is null
order by created_at
limit $1;
