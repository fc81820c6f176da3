-- An outcome set over HTTP. Its time is the database's, so that it follows every one already there.
-- params: $1 call id uuid, $2 code text, $3 note text, $4 follow-up boolean, $5 actor text
-- rows: none
insert into outcomes (call_id, code, note, follow_up, set_at, actor)
values ($1, $2, $3, $4, clock_timestamp(), $5);
