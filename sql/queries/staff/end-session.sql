-- Sign-out.
-- params: $1 id uuid
-- rows: none
update sessions set ended_at = now() where id = $1 and ended_at is null
