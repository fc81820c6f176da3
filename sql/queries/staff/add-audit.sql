-- One line of who did what.
-- params: $1 actor text, $2 action text, $3 subject text, $4 detail json text
-- rows: none
insert into audit (actor, action, subject, detail) values ($1, $2, $3, $4::jsonb)
