-- Hours beyond the regular week: planned changes, seasons, official holidays, closures on the spot.

-- A planned change begins later than it is made, so the version is no longer the time of the last change.
alter table specialties
  add hours_version integer not null default 1,
  add hours_changed_at timestamptz,
  add hours_changed_by text;
comment on column specialties.hours_version is 'For If-Match: counts the changes of the regular hours.';
update specialties
set hours_changed_at = last.at, hours_changed_by = last.actor
from (
  select distinct on (specialty) specialty, valid_from as at, actor
  from weekly_hours
  order by specialty, valid_from desc, id desc
) as last
where last.specialty = specialties.key;

create table seasons (
  id uuid primary key default gen_random_uuid(),
  specialty text references specialties,
  title text not null,
  starts_on date not null,
  ends_on date not null,
  created_at timestamptz not null default now(),
  actor text not null,
  cancelled_at timestamptz,
  cancelled_by text,
  check (ends_on >= starts_on),
  check ((cancelled_at is null) = (cancelled_by is null))
);
comment on table seasons is
  'Days on which other hours than the regular ones count (Ramadan), both included, in the clinic''s zone. specialty null: all of them.';

create table season_hours (
  season_id uuid not null references seasons,
  weekday smallint not null check (weekday between 1 and 7),
  opens time not null,
  closes time not null,
  primary key (season_id, weekday, opens),
  check (closes > opens)
);
comment on table season_hours is 'The week of a season; a season without any is closed throughout. weekday: ISO, 1 = Monday.';

create table holidays (
  id uuid primary key default gen_random_uuid(),
  date date not null,
  title_fa text not null check (length(title_fa) between 1 and 200),
  lunar text check (lunar ~ '^1[34][0-9]{2}-[01][0-9]-[0-3][0-9]$'),
  confirmed boolean not null,
  version integer not null default 1,
  created_at timestamptz not null default now(),
  actor text not null,
  withdrawn_at timestamptz,
  withdrawn_by text,
  check ((withdrawn_at is null) = (withdrawn_by is null))
);
comment on table holidays is
  'Official holidays that no rule tells: those of the lunar calendar (lunar: its date; the moon may move them by a day until they are confirmed) and declared ones. Solar ones are computed.';
create unique index holidays_once on holidays (date, title_fa) where withdrawn_at is null;
create index holidays_date on holidays (date);

create table holiday_closing (
  closed boolean not null,
  valid_from timestamptz not null,
  valid_to timestamptz,
  actor text not null,
  check (valid_to >= valid_from)
);
comment on table holiday_closing is 'Whether the clinic is closed on official holidays: the switch, effective-dated.';
create unique index holiday_closing_now on holiday_closing ((true)) where valid_to is null;
insert into holiday_closing (closed, valid_from, actor) values (true, '2020-01-01T00:00:00Z', 'system');

create table closures (
  id uuid primary key default gen_random_uuid(),
  specialty text references specialties,
  kind text not null check (kind in ('air-pollution', 'snow', 'emergency', 'other')),
  starts_at timestamptz not null,
  ends_at timestamptz,
  reason text not null,
  created_at timestamptz not null default now(),
  actor text not null,
  cancelled_at timestamptz,
  cancelled_by text,
  check (ends_at > starts_at),
  check ((cancelled_at is null) = (cancelled_by is null))
);
comment on table closures is
  'Closed on the spot, whatever else is planned. kind: what citizens hear. specialty null: all of them. ends_at null: until it is taken back.';

create trigger seasons_changed after insert or update or delete or truncate on seasons
  for each statement execute function tell_hours_changed();
create trigger holidays_changed after insert or update or delete or truncate on holidays
  for each statement execute function tell_hours_changed();
create trigger holiday_closing_changed after insert or update or delete or truncate on holiday_closing
  for each statement execute function tell_hours_changed();
create trigger closures_changed after insert or update or delete or truncate on closures
  for each statement execute function tell_hours_changed();

-- 1404 and 1405 as the official calendar has them; 1406 by its published prediction; 1407 computed (Umm al-Qura and a day).
insert into holidays (date, title_fa, lunar, confirmed, actor)
select day::date, title, lunar, confirmed, 'system'
from (values
  ('2025-03-22', 'شهادت امام علی', '1446-09-21', true),
  ('2025-03-31', 'عید فطر', '1446-10-01', true),
  ('2025-04-01', 'تعطیل به مناسبت عید فطر', '1446-10-02', true),
  ('2025-04-24', 'شهادت امام جعفر صادق', '1446-10-25', true),
  ('2025-06-06', 'عید قربان', '1446-12-10', true),
  ('2025-06-14', 'عید غدیر خم', '1446-12-18', true),
  ('2025-07-05', 'تاسوعای حسینی', '1447-01-09', true),
  ('2025-07-06', 'عاشورای حسینی', '1447-01-10', true),
  ('2025-08-14', 'اربعین حسینی', '1447-02-20', true),
  ('2025-08-22', 'رحلت پیامبر اکرم و شهادت امام حسن مجتبی', '1447-02-28', true),
  ('2025-08-24', 'شهادت امام رضا', '1447-02-30', true),
  ('2025-09-01', 'شهادت امام حسن عسکری', '1447-03-08', true),
  ('2025-09-10', 'میلاد پیامبر اکرم و امام جعفر صادق', '1447-03-17', true),
  ('2025-11-24', 'شهادت حضرت فاطمه زهرا', '1447-06-03', true),
  ('2026-01-03', 'ولادت امام علی', '1447-07-13', true),
  ('2026-01-17', 'مبعث پیامبر اکرم', '1447-07-27', true),
  ('2026-02-04', 'ولادت حضرت قائم', '1447-08-15', true),
  ('2026-03-11', 'شهادت امام علی', '1447-09-21', true),
  ('2026-03-21', 'عید فطر', '1447-10-01', true),
  ('2026-03-22', 'تعطیل به مناسبت عید فطر', '1447-10-02', true),
  ('2026-04-14', 'شهادت امام جعفر صادق', '1447-10-25', true),
  ('2026-05-27', 'عید قربان', '1447-12-10', true),
  ('2026-06-04', 'عید غدیر خم', '1447-12-18', true),
  ('2026-06-24', 'تاسوعای حسینی', '1448-01-09', true),
  ('2026-06-25', 'عاشورای حسینی', '1448-01-10', true),
  ('2026-08-04', 'اربعین حسینی', '1448-02-20', true),
  ('2026-08-12', 'رحلت پیامبر اکرم و شهادت امام حسن مجتبی', '1448-02-28', true),
  ('2026-08-13', 'شهادت امام رضا', '1448-02-29', true),
  ('2026-08-21', 'شهادت امام حسن عسکری', '1448-03-08', true),
  ('2026-08-30', 'میلاد پیامبر اکرم و امام جعفر صادق', '1448-03-17', true),
  ('2026-11-13', 'شهادت حضرت فاطمه زهرا', '1448-06-03', true),
  ('2026-12-23', 'ولادت امام علی', '1448-07-13', true),
  ('2027-01-06', 'مبعث پیامبر اکرم', '1448-07-27', true),
  ('2027-01-23', 'ولادت حضرت قائم', '1448-08-15', true),
  ('2027-02-28', 'شهادت امام علی', '1448-09-21', true),
  ('2027-03-10', 'عید فطر', '1448-10-01', true),
  ('2027-03-11', 'تعطیل به مناسبت عید فطر', '1448-10-02', true),
  ('2027-04-03', 'شهادت امام جعفر صادق', '1448-10-25', false),
  ('2027-05-17', 'عید قربان', '1448-12-10', false),
  ('2027-05-25', 'عید غدیر خم', '1448-12-18', false),
  ('2027-06-14', 'تاسوعای حسینی', '1449-01-09', false),
  ('2027-06-15', 'عاشورای حسینی', '1449-01-10', false),
  ('2027-07-25', 'اربعین حسینی', '1449-02-20', false),
  ('2027-08-02', 'رحلت پیامبر اکرم و شهادت امام حسن مجتبی', '1449-02-28', false),
  ('2027-08-03', 'شهادت امام رضا', '1449-02-29', false),
  ('2027-08-11', 'شهادت امام حسن عسکری', '1449-03-08', false),
  ('2027-08-20', 'میلاد پیامبر اکرم و امام جعفر صادق', '1449-03-17', false),
  ('2027-11-02', 'شهادت حضرت فاطمه زهرا', '1449-06-03', false),
  ('2027-12-12', 'ولادت امام علی', '1449-07-13', false),
  ('2027-12-26', 'مبعث پیامبر اکرم', '1449-07-27', false),
  ('2028-01-12', 'ولادت حضرت قائم', '1449-08-15', false),
  ('2028-02-17', 'شهادت امام علی', '1449-09-21', false),
  ('2028-02-27', 'عید فطر', '1449-10-01', false),
  ('2028-02-28', 'تعطیل به مناسبت عید فطر', '1449-10-02', false),
  ('2028-03-22', 'شهادت امام جعفر صادق', '1449-10-25', false),
  ('2028-05-05', 'عید قربان', '1449-12-10', false),
  ('2028-05-13', 'عید غدیر خم', '1449-12-18', false),
  ('2028-06-02', 'تاسوعای حسینی', '1450-01-09', false),
  ('2028-06-03', 'عاشورای حسینی', '1450-01-10', false),
  ('2028-07-14', 'اربعین حسینی', '1450-02-20', false),
  ('2028-07-22', 'رحلت پیامبر اکرم و شهادت امام حسن مجتبی', '1450-02-28', false),
  ('2028-07-23', 'شهادت امام رضا', '1450-02-29', false),
  ('2028-07-31', 'شهادت امام حسن عسکری', '1450-03-08', false),
  ('2028-08-09', 'میلاد پیامبر اکرم و امام جعفر صادق', '1450-03-17', false),
  ('2028-10-22', 'شهادت حضرت فاطمه زهرا', '1450-06-03', false),
  ('2028-12-01', 'ولادت امام علی', '1450-07-13', false),
  ('2028-12-15', 'مبعث پیامبر اکرم', '1450-07-27', false),
  ('2029-01-01', 'ولادت حضرت قائم', '1450-08-15', false),
  ('2029-02-06', 'شهادت امام علی', '1450-09-21', false),
  ('2029-02-15', 'عید فطر', '1450-10-01', false),
  ('2029-02-16', 'تعطیل به مناسبت عید فطر', '1450-10-02', false),
  ('2029-03-11', 'شهادت امام جعفر صادق', '1450-10-25', false)
) as known (day, title, lunar, confirmed);
