-- Listed numbers are erased by rule (000007) once they are long off the list, with the reason, which may speak of somebody.

alter table nuisance_numbers
  alter column number drop not null,
  alter column reason drop not null,
  add column erased_at timestamptz,
  add check ((number is null) = (erased_at is not null)),
  add check ((reason is null) = (erased_at is not null)),
  add check (erased_at is null or coalesce(ended_at, until) is not null);
comment on column nuisance_numbers.number is 'null: erased.';
