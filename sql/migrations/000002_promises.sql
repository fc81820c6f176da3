-- What the clinic owes: a call that was lost by a fault, or that left a number or a message, is somebody still to be answered.

create table promises (
  call_id uuid primary key references calls,
  reason text not null check (reason in ('failed', 'callback', 'voicemail')),
  number text,
  specialty text,
  made_at timestamptz not null
);
comment on table promises is
  'One row a call that ended with something still to be done, projected from call_entries. number: where to call; null: withheld.';
create index promises_made on promises (made_at);

insert into promises (call_id, reason, number, specialty, made_at)
select id, ending, coalesce(keyed_number, caller), specialty, ended_at
from calls
where ending in ('failed', 'callback', 'voicemail');
