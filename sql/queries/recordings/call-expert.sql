-- Who talked last in a call; no row: there is no such call.
-- params: $1 call id uuid
-- rows: expertId text
select expert_id as "expertId" from calls where id = $1;
