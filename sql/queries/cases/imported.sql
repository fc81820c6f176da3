-- Which of these messages were taken over before.
-- params: $1 content hashes text[]
-- rows: hash text
select content_hash as hash from case_imports where content_hash = any ($1::text[]);
