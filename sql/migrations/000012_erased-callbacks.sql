-- Where to call is erased with the case's number, by rule (000007): of callbacks that are over.

alter table callbacks
  alter column number drop not null,
  add check (number is not null or state in ('done', 'declined', 'given-up', 'cancelled'));
comment on column callbacks.number is 'Where to call; null: erased.';
