-- Cases lose the citizen's number, and the texts about them.
-- params: $1 case ids uuid[], $2 at timestamptz
-- rows: none
with texts as (
  update text_messages set number = null where case_id = any ($1::uuid[])
)
update cases set number = null, number_erased_at = $2 where id = any ($1::uuid[]);
