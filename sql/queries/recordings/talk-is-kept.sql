-- Whether the talk that came of this offer has its recording.
-- params: $1 offer id text
-- rows: id uuid
select id from recordings where offer_id = $1;
