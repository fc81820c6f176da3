-- How many texts were asked for, by what they say and what became of them.
-- params: $1 from timestamptz or null, $2 to timestamptz or null
-- rows: template text, state text, texts integer
select template, state, count(*)::integer as texts
from text_messages
where ($1::timestamptz is null or created_at >= $1::timestamptz)
  and ($2::timestamptz is null or created_at < $2::timestamptz)
group by template, state
order by template, state;
