-- Whether an outcome may be set.
-- params: $1 code text
-- rows: code text
select code from outcome_codes where code = $1 and active;
