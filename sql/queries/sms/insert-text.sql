-- A text to be sent; none where one of the templates was asked for since then about the same case (without one: to the number),
-- or as many to the number within a day as anybody may get: whoever calls can key in somebody else's.
-- params: $1 id uuid, $2 number text, $3 template text, $4 parameters jsonb, $5 case id uuid or null, $6 call id uuid or null, $7 now timestamptz, $8 templates text[], $9 since timestamptz, $10 most a day integer, $11 end of the call it answers timestamptz or null
-- rows: id uuid
insert into text_messages (id, number, template, parameters, case_id, call_id, created_at, due_at, answers_at)
select $1::uuid, $2::text, $3::text, $4::jsonb, $5::uuid, $6::uuid, $7::timestamptz, $7::timestamptz, $11::timestamptz
where not exists (
  select from text_messages
  where template = any ($8::text[]) and created_at > $9::timestamptz
    and case_id is not distinct from $5::uuid and ($5::uuid is not null or number = $2::text)
) and (
  select count(*) from text_messages where number = $2::text and created_at > $7::timestamptz - interval '1 day'
) < $10::integer
returning id;
