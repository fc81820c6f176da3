-- Callbacks: when which citizen is called, and what came of it (src/callbacks/). The due time is a row: no alarm that is lost
-- loses a promise.

create table callbacks (
  id uuid primary key,
  case_id uuid not null unique references cases,
  number text not null check (number ~ '^\+[1-9][0-9]{6,14}$'),
  specialty text not null references specialties,
  place_at timestamptz not null,
  state text not null check (state in ('pending', 'live', 'done', 'declined', 'given-up', 'cancelled')),
  due_at timestamptz not null,
  attempts smallint not null default 0 check (attempts >= 0),
  result text,
  call_id uuid unique,
  claimed_at timestamptz,
  created_at timestamptz not null default clock_timestamp(),
  changed_at timestamptz not null default clock_timestamp(),
  check (state <> 'live' or (call_id is not null and claimed_at is not null))
);
comment on table callbacks is
  'One row a case whose citizen is to be called. place_at: since when they wait, which is their place in the queue. live: call_id is the attempt under way, else the last one. attempts: those without an answer. result: of the last attempt, or why there is none. created_at: when the call was promised, by a call or by staff.';
create index callbacks_due on callbacks (due_at) where state = 'pending';
create index callbacks_live on callbacks (claimed_at) where state = 'live';

alter table calls drop constraint calls_entry_check;
alter table calls add constraint calls_entry_check check (entry in ('menu', 'direct', 'fallback', 'callback'));

create function tell_callbacks_due() returns trigger language plpgsql as $$
begin
  perform pg_notify('callbacks_due', '');
  return null;
end
$$;
create trigger callbacks_changed after insert or update on callbacks
  for each statement execute function tell_callbacks_due();
create trigger cases_call_back after insert or update of state, reason, number on cases
  for each statement execute function tell_callbacks_due();
create trigger attempts_begun after insert on calls
  for each row when (new.direction = 'outbound') execute function tell_callbacks_due();
create trigger attempts_ended after update of state on calls
  for each row when (new.direction = 'outbound' and new.state = 'ended' and old.state <> 'ended')
  execute function tell_callbacks_due();
