-- Overflow between queues: after a while citizens of one specialty may be offered to idle experts of another, where a
-- supervisor has allowed it. Nothing is overwritten. Adds specialties.overflow_version.

create table overflow_rules (
  specialty text not null references specialties,
  helper text not null references specialties,
  after_seconds integer not null check (after_seconds between 0 and 3600),
  valid_from timestamptz not null,
  valid_to timestamptz,
  actor text not null,
  check (specialty <> helper),
  check (valid_to >= valid_from)
);
comment on table overflow_rules is
  'From when until when experts of `helper` may take citizens of `specialty` who have waited so long. None: nobody may.';
create unique index overflow_rules_now on overflow_rules (specialty, helper) where valid_to is null;

alter table specialties add overflow_version integer not null default 1;
comment on column specialties.overflow_version is 'For If-Match: counts the changes of its overflow_rules.';

create function tell_overflow_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('overflow_changed', '');
  return null;
end
$$;
create trigger overflow_rules_changed after insert or update or delete or truncate on overflow_rules
  for each statement execute function tell_overflow_changed();
