-- The digest secret of an expert's telephone, in place of the one before.
-- params: $1 expert id text, $2 realm text, $3 ha1 text, $4 actor text
-- rows: none
insert into expert_softphones (expert_id, username, realm, ha1, actor) values ($1, $1, $2, $3, $4)
on conflict (expert_id) do update
set username = excluded.username, realm = excluded.realm, ha1 = excluded.ha1, actor = excluded.actor, changed_at = clock_timestamp();
