-- What an expert wants from now on, after close-presence.
-- params: $1 expert id text, $2 intent text, $3 reason text, $4 until timestamptz or null, $5 from when timestamptz or null (now), $6 actor text
-- rows: none
insert into expert_presence (expert_id, intent, reason, until, valid_from, actor)
values ($1, $2, $3, $4, coalesce($5::timestamptz, clock_timestamp()), $6);
