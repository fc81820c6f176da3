-- Says that this transaction erases: numbers and notes may leave the histories. Reports are written one after another.
-- params: none
-- rows: locked void, erasing text
select pg_advisory_xact_lock(8137007) as locked, set_config('clinic.erasing', 'on', true) as erasing;
