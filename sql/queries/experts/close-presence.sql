-- Ends an expert's present intent; the row stays as history. The expert's row must be locked.
-- params: $1 expert id text, $2 from when timestamptz or null (now)
-- rows: none
update expert_presence
set valid_to = greatest(valid_from, coalesce($2::timestamptz, clock_timestamp()))
where expert_id = $1 and valid_to is null;
