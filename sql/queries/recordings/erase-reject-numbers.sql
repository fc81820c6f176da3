-- Entries the ledger could not take hold numbers in their text.
-- params: $1 before timestamptz
-- rows: id bigint
update ledger_rejects set entry = '', detail = ''
where rejected_at < $1 and (entry <> '' or detail <> '')
returning id;
