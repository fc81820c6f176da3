-- Text messages to citizens, and the numbers supervisors have listed as a nuisance (src/sms/, src/nuisance/).

create table text_messages (
  id uuid primary key,
  number text check (number ~ '^\+989[0-9]{9}$'),
  template text not null check (template ~ '^[a-z][a-z-]*$'),
  parameters jsonb not null default '{}',
  case_id uuid references cases,
  call_id uuid,
  state text not null default 'queued' check (state in ('queued', 'sent', 'kept', 'failed', 'undeliverable')),
  created_at timestamptz not null,
  due_at timestamptz not null,
  attempts integer not null default 0,
  held_until timestamptz,
  body text,
  driver text,
  provider_id text,
  reason text,
  sent_at timestamptz,
  check (state <> 'sent' or (body is not null and sent_at is not null))
);
comment on table text_messages is
  'Texts to citizens: an outbox, and what became of each. The row is the truth, the queue in Redis only says when to look. number: null once it was erased with its case''s. due_at: not before. held_until: a process has it in hand; left standing, nobody knows whether the gateway has the message. body: as it was sent. state kept: there is no gateway, the row is all there is. call_id without a reference: a call may be written down later than what it leads to.';
create index text_messages_queued on text_messages (due_at) where state = 'queued';
create index text_messages_case on text_messages (case_id, template, created_at);
create index text_messages_number on text_messages (number, created_at);
create index text_messages_created on text_messages (created_at);

create function tell_texts_due() returns trigger language plpgsql as $$
begin
  perform pg_notify('texts_due', '');
  return null;
end
$$;
create trigger text_messages_due after insert on text_messages
  for each statement execute function tell_texts_due();

create table nuisance_numbers (
  id uuid primary key default gen_random_uuid(),
  number text not null check (number ~ '^\+[1-9][0-9]{6,14}$'),
  reason text not null,
  starts_at timestamptz not null default clock_timestamp(),
  until timestamptz,
  actor text not null,
  ended_at timestamptz,
  ended_by text,
  check (until > starts_at),
  check (ended_at >= starts_at),
  check ((ended_at is null) = (ended_by is null))
);
comment on table nuisance_numbers is
  'Numbers whose calls never ring an expert, effective-dated; they may leave a message. until: when it ends by itself; null: when somebody ends it. Rows are ended, never deleted.';
create index nuisance_numbers_open on nuisance_numbers (number) where ended_at is null;
create index nuisance_numbers_newest on nuisance_numbers (starts_at desc, id desc);

create function tell_nuisance_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('nuisance_changed', '');
  return null;
end
$$;
create trigger nuisance_numbers_changed after insert or update or delete or truncate on nuisance_numbers
  for each statement execute function tell_nuisance_changed();

alter table case_waivers drop constraint case_waivers_reason_check;
alter table case_waivers add constraint case_waivers_reason_check
  check (reason in ('reached', 'withheld', 'before-menu', 'listed'));
comment on table case_waivers is
  'Abandoned calls without a case, and why: reached: an expert talked with the citizen within the hour; withheld: nobody could be called; before-menu: hung up before anything was said; listed: the number is listed as a nuisance, and the caller left no message.';

-- A citizen's earlier calls, whatever came of them.
create index calls_caller on calls (caller, id desc) where caller is not null;
