-- The first line: who answers, when, who may sign in, and what is known of every call.
-- Run in one transaction by src/platform/migrate.ts. Forward only: what is wrong here is mended by the next file.
-- Enumerations are text with a check: adding a word is then one cheap statement, and every client reads them as they are.

-- ---------------------------------------------------------------- who answers

create table specialties (
  key text primary key check (key ~ '^[a-z][a-z-]*$'),
  digit text not null unique check (digit ~ '^[1-9]$'),
  title_fa text not null,
  title_en text not null,
  position smallint not null
);
comment on table specialties is 'Fields of advice a citizen chooses by a digit.';

insert into specialties (key, digit, title_fa, title_en, position) values
  ('urban-planning', '1', 'شهرسازی و معماری', 'Urban planning and architecture', 1),
  ('transport', '2', 'حمل‌ونقل و ترافیک', 'Transport', 2),
  ('urban-services', '3', 'خدمات شهری', 'Urban services', 3),
  ('finance', '4', 'مالی و اقتصادی', 'Finance and economy', 4);

create sequence expert_numbers as integer;

create function next_expert_id() returns text language sql volatile as $$
  select 'e' || lpad(n::text, greatest(3, length(n::text)), '0')
  from (select nextval('expert_numbers') as n) as numbered
$$;

create table experts (
  id text primary key default next_expert_id() check (id ~ '^e[0-9]{3,5}$'),
  name text not null check (length(name) between 1 and 200),
  active boolean not null default true,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  created_by text not null
);
comment on table experts is 'People who answer. The id is also the user name of their telephone. version: for If-Match.';

create table expert_skills (
  expert_id text not null references experts,
  specialty text not null references specialties,
  level smallint not null check (level between 1 and 5),
  valid_from timestamptz not null default now(),
  valid_to timestamptz,
  actor text not null,
  check (valid_to >= valid_from)
);
comment on table expert_skills is
  'What an expert can answer, effective-dated: a change closes the open row and adds one. Level 5 is the highest.';
create unique index expert_skills_open on expert_skills (expert_id, specialty) where valid_to is null;
create index expert_skills_history on expert_skills (expert_id, valid_from);

create table expert_presence (
  expert_id text not null references experts,
  intent text not null check (intent in ('ready', 'paused', 'offline')),
  reason text,
  until timestamptz,
  valid_from timestamptz not null default now(),
  valid_to timestamptz,
  actor text not null,
  check (valid_to >= valid_from),
  check (until is null or intent = 'paused')
);
comment on table expert_presence is
  'What an expert wants (not what the expert is doing, which Redis knows), effective-dated. until: when a pause ends by itself.';
create unique index expert_presence_open on expert_presence (expert_id) where valid_to is null;
create index expert_presence_history on expert_presence (expert_id, valid_from);

create table expert_softphones (
  expert_id text primary key references experts,
  username text not null unique,
  realm text not null,
  ha1 text not null check (ha1 ~ '^[0-9a-f]{32}$'),
  changed_at timestamptz not null default now(),
  actor text not null
);
comment on table expert_softphones is
  'Digest secret of an expert''s telephone, MD5(user:realm:password) as SIP wants it; the password itself is shown once, never kept.';

-- ---------------------------------------------------------------- when

create table weekly_hours (
  id bigint generated always as identity primary key,
  specialty text not null references specialties,
  weekday smallint not null check (weekday between 1 and 7),
  opens time not null,
  closes time not null,
  valid_from timestamptz not null default now(),
  valid_to timestamptz,
  actor text not null,
  check (closes > opens),
  check (valid_to >= valid_from)
);
comment on table weekly_hours is
  'Regular hours, effective-dated, in the clinic''s time zone. weekday: ISO, 1 = Monday. closes may be 24:00. Several rows a day: several windows.';
create unique index weekly_hours_open on weekly_hours (specialty, weekday, opens) where valid_to is null;
create index weekly_hours_history on weekly_hours (specialty, valid_from);

-- A new installation is open every day from 8 to 16; valid since long ago, so that any past time has an answer.
insert into weekly_hours (specialty, weekday, opens, closes, valid_from, actor)
select key, weekday, '08:00', '16:00', '2020-01-01T00:00:00Z', 'system'
from specialties cross join generate_series(1, 7) as weekday
order by position, weekday;

create table openings (
  id uuid primary key default gen_random_uuid(),
  specialty text references specialties,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  reason text not null,
  created_at timestamptz not null default now(),
  actor text not null,
  cancelled_at timestamptz,
  cancelled_by text,
  check (ends_at > starts_at),
  check ((cancelled_at is null) = (cancelled_by is null))
);
comment on table openings is 'Exceptional openings outside the regular hours. specialty null: all of them.';
create index openings_span on openings (ends_at, starts_at) where cancelled_at is null;

create function tell_hours_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('hours_changed', '');
  return null;
end
$$;
create trigger weekly_hours_changed after insert or update or delete or truncate on weekly_hours
  for each statement execute function tell_hours_changed();
create trigger openings_changed after insert or update or delete or truncate on openings
  for each statement execute function tell_hours_changed();

-- ---------------------------------------------------------------- who may sign in

create table accounts (
  id uuid primary key,
  username text not null check (length(username) between 1 and 100),
  password_hash text not null,
  role text not null check (role in ('admin', 'supervisor', 'reviewer', 'editor', 'auditor', 'expert')),
  expert_id text unique references experts,
  name text not null,
  active boolean not null default true,
  totp_secret text,
  totp_last_step bigint,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  created_by text not null default 'system',
  password_changed_at timestamptz not null default now(),
  check (role <> 'expert' or expert_id is not null)
);
comment on table accounts is
  'Who may sign in. totp_last_step: the last one-time code''s 30-second step, so that a code serves once.';
create unique index accounts_username on accounts (lower(username));

create table sessions (
  id uuid primary key,
  account_id uuid not null references accounts,
  token_hash bytea not null unique,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  ended_at timestamptz
);
comment on table sessions is 'Sign-ins. Only a hash of the token is kept.';
create index sessions_account on sessions (account_id);
create index sessions_expiry on sessions (expires_at);

create table audit (
  id bigint generated always as identity primary key,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  subject text not null,
  detail jsonb not null default '{}'
);
comment on table audit is 'Who did what to what. Rows are added, never changed.';
create index audit_subject on audit (subject, id desc);
create index audit_actor on audit (actor, id desc);

create table idempotency_keys (
  account_id uuid not null references accounts,
  route text not null,
  key text not null check (length(key) between 1 and 200),
  request_hash bytea not null,
  status smallint,
  body jsonb,
  created_at timestamptz not null default now(),
  primary key (account_id, route, key)
);
comment on table idempotency_keys is
  'Answers of creating requests, given again for the same key. route: method and path. status null: the first request still runs.';
create index idempotency_keys_age on idempotency_keys (created_at);

-- ---------------------------------------------------------------- the ledger

create table call_entries (
  call_id uuid not null,
  seq integer not null check (seq >= 0),
  kind text not null,
  at timestamptz not null,
  actor text not null,
  data jsonb not null,
  recorded_at timestamptz not null default clock_timestamp(),
  primary key (call_id, seq)
);
comment on table call_entries is
  'The ledger: what happened in each call, in order. The truth; calls, offers, segments and recordings are projected from it.';

create table ledger_rejects (
  id bigint generated always as identity primary key,
  call_id text not null,
  seq text not null,
  kind text not null,
  entry text not null,
  reason text not null,
  detail text not null,
  rejected_at timestamptz not null default clock_timestamp(),
  unique (call_id, seq)
);
comment on table ledger_rejects is
  'Entries the ledger could not take, as text (jsonb may be what refused them). reason duplicate: a call imported before, no alarm.';

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end
$$;
create trigger call_entries_append_only before update or delete on call_entries
  for each row execute function refuse_change();
create trigger audit_append_only before update or delete on audit
  for each row execute function refuse_change();

-- No foreign keys from here to the roster: what happened is written down even if the roster disagrees.

create table calls (
  id uuid primary key,
  direction text not null check (direction in ('inbound', 'outbound')),
  asterisk_id text,
  channel_id text,
  sip_call_id text,
  entry text not null check (entry in ('menu', 'direct', 'fallback')),
  caller text,
  caller_received text not null,
  caller_reason text check (caller_reason in ('withheld', 'invalid')),
  keyed_number text,
  specialty text,
  entered_at timestamptz not null,
  queued_at timestamptz,
  answered_at timestamptz,
  ended_at timestamptz,
  state text not null check (state in ('greeting', 'menu', 'queued', 'ringing', 'talking', 'wrap-up', 'ended')),
  ending text check (ending in
    ('answered', 'callback', 'voicemail', 'self-served', 'abandoned', 'closed', 'transferred-out', 'failed')),
  hangup_cause smallint,
  expert_id text,
  check ((caller is null) = (caller_reason is not null)),
  check ((ending is null) = (ended_at is null)),
  unique (asterisk_id, channel_id)
);
comment on table calls is
  'One row a citizen''s call, projected from call_entries. Ids are UUIDv7: newest first is id descending. expert_id: who talked last.';
create index calls_entered on calls (entered_at);
create index calls_expert on calls (expert_id, id desc);
create index calls_specialty on calls (specialty, id desc);
create index calls_live on calls (id) where ending is null;

create table offers (
  id text primary key,
  call_id uuid not null references calls,
  expert_id text not null,
  attempt integer not null,
  made_at timestamptz not null,
  why jsonb not null,
  result text check (result in ('answered', 'no-answer', 'busy', 'declined', 'unreachable', 'cancelled', 'lost')),
  ended_at timestamptz
);
comment on table offers is 'Every time a call was put to an expert: why to this one, and what came of it. result null: ringing.';
create index offers_call on offers (call_id, attempt);
create index offers_expert on offers (expert_id, made_at desc);

create table segments (
  call_id uuid not null references calls,
  position smallint not null,
  offer_id text,
  expert_id text not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  ended_by text check (ended_by in ('citizen', 'expert', 'fault')),
  primary key (call_id, position),
  check ((ended_at is null) = (ended_by is null))
);
comment on table segments is 'Stretches of talk, each owned by the expert who held it. position: order within the call, from 1.';
create index segments_expert on segments (expert_id, started_at desc);

create table outcome_codes (
  code text primary key check (code ~ '^[a-z][a-z-]*$'),
  digit text unique check (digit ~ '^[0-9]$'),
  title_fa text not null,
  title_en text not null,
  active boolean not null default true
);
comment on table outcome_codes is 'What an expert can say came of a call; the digit sets it by keypad (*5N).';

insert into outcome_codes (code, digit, title_fa, title_en) values
  ('resolved', '1', 'حل شد', 'Resolved'),
  ('information-given', '2', 'اطلاعات داده شد', 'Information given'),
  ('referred', '3', 'ارجاع شد', 'Referred'),
  ('follow-up-needed', '4', 'نیازمند پیگیری', 'Follow-up needed'),
  ('not-in-scope', '5', 'خارج از حوزه', 'Not in scope'),
  ('call-dropped', '6', 'تماس قطع شد', 'Call dropped'),
  ('other', '9', 'سایر', 'Other');

create table outcomes (
  id bigint generated always as identity primary key,
  call_id uuid not null references calls,
  seq integer,
  code text not null references outcome_codes,
  note text,
  follow_up boolean not null,
  set_at timestamptz not null,
  actor text not null,
  unique (call_id, seq)
);
comment on table outcomes is
  'What came of calls; history is kept, the latest counts. seq: the ledger entry it was projected from, null when set over HTTP.';
create index outcomes_latest on outcomes (call_id, set_at desc, id desc);

create table recordings (
  id uuid primary key default gen_random_uuid(),
  call_id uuid not null references calls,
  seq integer not null,
  kind text not null check (kind in ('message')),
  path text not null,
  bytes bigint not null check (bytes >= 0),
  seconds integer not null check (seconds >= 0),
  sha256 text not null,
  created_at timestamptz not null,
  unique (call_id, seq)
);
comment on table recordings is 'Sound kept of a call. seq: the ledger entry that told of it. path: below the recordings folder.';

create view call_overview as
select
  c.*,
  round(extract(epoch from coalesce(c.answered_at, c.ended_at) - c.queued_at), 3)::double precision as wait_seconds,
  talk.seconds as talk_seconds,
  outcome.latest as outcome,
  coalesce(outcome.version, 0) as outcome_version
from calls c
left join lateral (
  select round(sum(extract(epoch from s.ended_at - s.started_at)), 3)::double precision as seconds
  from segments s
  where s.call_id = c.id and s.ended_at is not null
) as talk on true
left join lateral (
  select
    jsonb_build_object('code', o.code, 'note', o.note, 'followUp', o.follow_up, 'setAt', o.set_at, 'actor', o.actor) as latest,
    (count(*) over ())::integer as version
  from outcomes o
  where o.call_id = c.id
  order by o.set_at desc, o.id desc
  limit 1
) as outcome on true;
comment on view call_overview is
  'Calls with what is derived from them. wait_seconds: from the queue to an expert or to the end; null while waiting. talk_seconds: of ended segments. outcome_version: how many outcomes were set.';
