-- What came of an attempt. held until: left standing where nobody knows whether the gateway has the text.
-- params: $1 id uuid, $2 state text, $3 body text or null, $4 driver text or null, $5 the gateway's id text or null, $6 reason text or null, $7 sent timestamptz or null, $8 held until timestamptz or null
-- rows: none
update text_messages
set state = $2, body = coalesce($3, body), driver = coalesce($4, driver), provider_id = $5, reason = $6, sent_at = $7,
    held_until = $8
where id = $1 and state = 'queued';
