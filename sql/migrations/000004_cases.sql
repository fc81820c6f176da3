-- Cases: what is still owed to citizens, by whom and until when. A case is opened by what calls left behind (src/cases/).

create table cases (
  id uuid primary key,
  reference text not null unique check (reference ~ '^[1-9][0-9]{7}$'),
  reason text not null check (reason in ('failed', 'callback', 'voicemail', 'abandoned', 'follow-up', 'imported')),
  number text check (number ~ '^\+[1-9][0-9]{6,14}$'),
  specialty text references specialties,
  state text not null check (state in
    ('received', 'triaged', 'assigned', 'waiting-citizen', 'referred', 'answered', 'closed', 'reopen-requested', 'reopened',
     'withdrawn', 'spam')),
  owner uuid references accounts,
  follow_up_on date,
  opened_at timestamptz not null,
  escalated_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null default clock_timestamp()
);
comment on table cases is
  'Promises to citizens. Ids are UUIDv7: newest first is id descending. reference: for the citizen, the last digit checks it. number: E.164; null: nobody can be called. opened_at: the citizen''s moment, from which the clocks run; created_at: the row''s. version: for If-Match.';
create index cases_number on cases (number, opened_at) where number is not null;
create index cases_owner on cases (owner, id desc) where owner is not null;
create index cases_not_over on cases (id) where state not in ('closed', 'withdrawn', 'spam');

create table case_entries (
  case_id uuid not null references cases,
  seq integer not null check (seq >= 1),
  at timestamptz not null,
  actor text not null,
  kind text not null,
  state text not null,
  citizen_at timestamptz,
  data jsonb not null default '{}',
  primary key (case_id, seq)
);
comment on table case_entries is
  'What happened in each case, in order; never changed. state: afterwards. citizen_at: when the citizen said it, where that was earlier.';
create unique index case_entries_escalated on case_entries (case_id, (data ->> 'clock'), (data ->> 'dueAt'))
  where kind = 'case.escalated';
create trigger case_entries_append_only before update or delete on case_entries
  for each row execute function refuse_change();

create table case_calls (
  call_id uuid primary key references calls,
  case_id uuid not null references cases,
  added_at timestamptz not null default clock_timestamp()
);
comment on table case_calls is 'Calls of a case. One call belongs to one case.';
create index case_calls_case on case_calls (case_id);

create table case_clocks (
  case_id uuid not null references cases,
  clock text not null check (clock in ('acknowledge', 'answer', 'resolve')),
  started_at timestamptz not null,
  target_seconds integer not null check (target_seconds > 0),
  due_at timestamptz,
  alarm_at timestamptz,
  stopped_at timestamptz,
  escalated_due_at timestamptz,
  escalated_at timestamptz,
  primary key (case_id, clock),
  check ((escalated_due_at is null) = (escalated_at is null))
);
comment on table case_clocks is
  'Deadlines, computed from case_entries and the hours. due_at null: stands still until the citizen replies. alarm_at: from then on it must have been escalated. escalated_due_at: the deadline the last escalation was about.';
create index case_clocks_alarm on case_clocks (alarm_at) where stopped_at is null;
create index case_clocks_due on case_clocks (due_at) where stopped_at is null;

create table case_waivers (
  call_id uuid primary key references calls,
  reason text not null check (reason in ('reached', 'withheld', 'before-menu')),
  at timestamptz not null default clock_timestamp()
);
comment on table case_waivers is
  'Abandoned calls without a case, and why: reached: an expert talked with the citizen within the hour; withheld: nobody could be called; before-menu: hung up before anything was said.';
create index case_waivers_withheld on case_waivers (at) where reason = 'withheld';

create index calls_abandoned on calls (id) where ending = 'abandoned';
create index calls_answered_caller on calls (caller, answered_at) where ending = 'answered' and caller is not null;
create index outcomes_follow_up on outcomes (call_id) where follow_up or code = 'follow-up-needed';

create function tell_cases_due() returns trigger language plpgsql as $$
begin
  perform pg_notify('cases_due', '');
  return null;
end
$$;
create trigger promises_due after insert or update on promises
  for each statement execute function tell_cases_due();
create trigger calls_due after insert on calls
  for each row when (new.ending in ('abandoned', 'answered')) execute function tell_cases_due();
create trigger calls_ended_due after update of ending on calls
  for each row when (new.ending in ('abandoned', 'answered') and old.ending is distinct from new.ending)
  execute function tell_cases_due();
create trigger outcomes_due after insert on outcomes
  for each row when (new.follow_up or new.code = 'follow-up-needed') execute function tell_cases_due();

create table case_imports (
  content_hash text primary key check (content_hash ~ '^[0-9a-f]{64}$'),
  case_id uuid not null references cases,
  imported_at timestamptz not null default clock_timestamp()
);
comment on table case_imports is
  'Messages taken over from elsewhere, by the hash of what they hold (of a recording: its sound), so that none is taken twice.';
