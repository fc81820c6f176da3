-- Notes that a message was taken over; its hash keeps it from being taken twice at once.
-- params: $1 content hash text, $2 case id uuid
-- rows: none
insert into case_imports (content_hash, case_id) values ($1, $2);
