-- The checksum of the latest report, on which the next one builds.
-- params: none
-- rows: checksum text
select checksum from erasures order by id desc limit 1;
