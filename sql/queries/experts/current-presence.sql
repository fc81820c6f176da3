-- What an expert wants at present. outdated: the instant given lies before it, so news of that instant come too late.
-- params: $1 expert id text, $2 instant timestamptz or null (now)
-- rows: intent text, reason text, until timestamptz, outdated boolean
select intent, reason, until, valid_from > coalesce($2::timestamptz, clock_timestamp()) as outdated
from expert_presence
where expert_id = $1 and valid_to is null;
