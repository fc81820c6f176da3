-- Recordings at rest and their end: talks and imported messages beside the messages of calls, what is sealed with which key,
-- and what was erased by which rule. A report of erasures proves what is gone; numbers and notes may leave the histories
-- that are otherwise never changed, and nothing else may.

create table erasures (
  id bigint generated always as identity primary key,
  rule text not null check (rule in ('talks', 'messages', 'numbers', 'notes')),
  days integer not null,
  before timestamptz not null,
  at timestamptz not null,
  counts jsonb not null,
  subjects text[] not null,
  remaining integer not null,
  previous text,
  checksum text not null check (checksum ~ '^[0-9a-f]{64}$')
);
comment on table erasures is
  'What was erased, without any of it: by which rule, of what (ids), how much, and how much of it was found afterwards (remaining). checksum: over the row and the checksum before it, so that no row can be changed or left out unseen.';
create trigger erasures_append_only before update or delete on erasures
  for each row execute function refuse_change();

-- ---------------------------------------------------------------- sounds

alter table recordings
  alter column call_id drop not null,
  alter column seq drop not null,
  alter column seconds drop not null,
  drop constraint recordings_kind_check,
  add check (kind in ('message', 'talk', 'imported')),
  add column case_id uuid references cases,
  add column offer_id text unique,
  add column expert_id text,
  add column started_at timestamptz,
  add column sources text[] not null default '{}',
  add column key_id text check (key_id ~ '^[0-9a-f]{16}$'),
  add column file_sha256 text check (file_sha256 ~ '^[0-9a-f]{64}$'),
  add column erased_at timestamptz,
  add column erasure_id bigint references erasures,
  add check ((kind = 'imported') = (case_id is not null)),
  add check ((kind = 'imported') = (call_id is null)),
  add check ((kind = 'talk') = (offer_id is not null)),
  add check ((erased_at is null) = (erasure_id is null));
comment on table recordings is
  'Sound kept, sealed, below the recordings folder (path): messages of calls (seq: the ledger entry that told of one), recorded talks (offer_id), messages taken over from elsewhere (case_id; sources: the names they had). bytes and sha256: of the sound; file_sha256: of the sealed file, null with key_id where it lies in the clear still. erased_at: the file is gone.';
create unique index recordings_imported on recordings (path) where kind = 'imported';
create index recordings_case on recordings (case_id) where case_id is not null;
create index recordings_kept on recordings (kind, created_at) where erased_at is null;

-- ---------------------------------------------------------------- numbers and notes

alter table calls drop constraint calls_caller_reason_check;
alter table calls add constraint calls_caller_reason_check check (caller_reason in ('withheld', 'invalid', 'erased'));
alter table calls add column numbers_erased_at timestamptz;
alter table cases add column number_erased_at timestamptz;
alter table cases add column notes_erased_at timestamptz;
alter table outcomes add column note_erased_at timestamptz;
comment on column calls.numbers_erased_at is 'Since when no number of the citizen stands here or in the call''s entries.';
create index calls_with_numbers on calls (ended_at) where numbers_erased_at is null;
create index outcomes_with_notes on outcomes (set_at) where note is not null;

-- Whether something is still owed after this call, or in this case: then nothing of it is erased.
create function case_is_open(id uuid) returns boolean language sql stable as $$
  select exists (
    select from cases c where c.id = case_is_open.id and c.state not in ('closed', 'withdrawn', 'spam')
  )
$$;
create function call_is_held(id uuid) returns boolean language sql stable as $$
  select exists (
    select from case_calls k where k.call_id = call_is_held.id and case_is_open(k.case_id)
  )
$$;

-- A history is never changed but for this: in a transaction that says so, a number or a note may become empty.
create function refuse_change_but_erasure() returns trigger language plpgsql as $$
declare
  personal constant text[] := array['caller', 'callerReceived', 'callerReason', 'number', 'keyed', 'note'];
begin
  if tg_op = 'UPDATE' and current_setting('clinic.erasing', true) = 'on'
    and to_jsonb(new) - 'data' = to_jsonb(old) - 'data'
    and new.data - personal = old.data - personal
    and not exists (
      select from unnest(personal) as name
      where new.data -> name is distinct from old.data -> name
        and coalesce(new.data ->> name, '') <> ''
        and not (name = 'callerReason' and new.data ->> name = 'erased')
    )
  then
    return new;
  end if;
  raise exception '% is append-only', tg_table_name using errcode = 'restrict_violation';
end
$$;
drop trigger call_entries_append_only on call_entries;
create trigger call_entries_append_only before update or delete on call_entries
  for each row execute function refuse_change_but_erasure();
drop trigger case_entries_append_only on case_entries;
create trigger case_entries_append_only before update or delete on case_entries
  for each row execute function refuse_change_but_erasure();
