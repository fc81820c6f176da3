-- When a case was last escalated.
-- params: $1 id uuid, $2 at timestamptz
-- rows: none
update cases set escalated_at = $2 where id = $1;
