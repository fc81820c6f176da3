-- When a case's citizen is called back, and what came of it so far.
-- params: $1 case id uuid
-- rows: state text, dueAt timestamptz, attempts smallint, result text
select state, due_at as "dueAt", attempts, result from callbacks where case_id = $1;
