-- Whom a call was offered to, why, and what came of it.
-- params: $1 call id uuid
-- rows: offerId text, expertId text, attempt integer, madeAt timestamptz, why jsonb, result text, endedAt timestamptz
select
  id as "offerId", expert_id as "expertId", attempt, made_at as "madeAt", why, result, ended_at as "endedAt"
from offers
where call_id = $1
order by made_at, attempt;
