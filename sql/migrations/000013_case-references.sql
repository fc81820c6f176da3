-- References that were told before their case is there: on the telephone, at the end of the call that will open it.

create table case_references (
  reference text primary key check (reference ~ '^[1-9][0-9]{7}$'),
  call_id uuid unique,
  case_id uuid references cases,
  made_at timestamptz not null default clock_timestamp()
);
comment on table case_references is
  'Every reference there is, so that none is given twice. call_id: the call in which it was told (whose row may come later); null: a case''s without one. case_id: where it leads, which may be a case of another reference that the call has joined; null: to none yet.';
create index case_references_case on case_references (case_id);

insert into case_references (reference, case_id, made_at) select reference, id, created_at from cases;
alter table cases add foreign key (reference) references case_references;
