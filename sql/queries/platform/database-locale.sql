-- How the database orders and classifies characters.
-- params: none
-- rows: encoding name, ctype text
select pg_encoding_to_char(encoding) as encoding, datctype::text as ctype
from pg_database
where datname = current_database();
