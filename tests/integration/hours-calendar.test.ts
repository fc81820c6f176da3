import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { DateTime } from 'luxon';
import { systemClock } from '../../src/clock.ts';
import { hoursRoutes } from '../../src/hours/routes.ts';
import { createHours, type Hours } from '../../src/hours/service.ts';
import { startRoomsWeb, type RoomsWeb } from '../support/experts-web.ts';
import { silentLog as log } from '../support/silent-log.ts';
import { problemIn } from '../support/web.ts';

/** Beyond the regular week: planned changes, seasons, official holidays, closures on the spot. */

const zone = 'Asia/Tehran';
const clock = systemClock;
/** Read anew without being told, the hours would be later. */
const soon = { timeout: 10_000, interval: 5 };
const everyDay = (opens: string, closes: string) =>
  [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({ weekday, opens, closes }));

let web: RoomsWeb;
let hours: Hours;
/** Another process: it hears of changes by PostgreSQL alone. */
let elsewhere: Hours;

beforeAll(async () => {
  web = await startRoomsWeb(async ({ pool }) => {
    hours = await createHours({ pool, clock, log, zone });
    return [hoursRoutes({ pool, hours, clock, zone })];
  });
  elsewhere = await createHours({ pool: web.pool, clock, log, zone });
});

afterEach(async () => {
  for (const table of ['closures', 'seasons'])
    await web.pool.query(
      `update ${table} set cancelled_at = now(), cancelled_by = 'system' where cancelled_at is null`,
    );
});

afterAll(async () => {
  await elsewhere.close();
  await hours.close();
  await web.close();
});

const get = (path: string) => web.as('auditor', { method: 'GET', path });
const send = (
  method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  body?: object,
  headers?: Record<string, string>,
) =>
  web.as('supervisor', {
    ...{ method, path },
    ...(body === undefined ? {} : { body }),
    ...(headers === undefined ? {} : { headers }),
  });

interface Preview {
  open: boolean;
  reason: string;
  closure: string | null;
  holiday: string | null;
  opensAt: string | null;
}
async function preview(specialty: string, at: string): Promise<Preview> {
  const path = `/hours/preview?specialty=${specialty}&at=${encodeURIComponent(at)}`;
  return (await get(path)).json<Preview>();
}

/** A day of the clinic, so many days from now, at this time. */
const inDays = (days: number, time = '10:00'): string => {
  const [hour = 0, minute = 0] = time.split(':').map(Number);
  return (
    DateTime.now().setZone(zone).plus({ days }).set({ hour, minute, second: 0, millisecond: 0 }).toISO() ?? ''
  );
};
const dayOf = (iso: string): string => iso.slice(0, 10);

describe('a change of the regular hours for a day to come', () => {
  const path = '/hours/urban-planning';
  const put = async (body: object) => {
    const tag = String((await get(path)).headers.etag);
    return await send('PUT', path, body, { 'if-match': tag });
  };

  test('counts from that day on, is shown, and is replaced by what is decided later', async () => {
    const from = dayOf(inDays(10));
    // No holiday may stand in the way of what is looked at.
    await send('PUT', '/holidays/closing', { closed: false });
    const planned = await put({ weekly: everyDay('12:00', '20:00'), from });
    expect(planned.statusCode).toBe(200);
    expect(planned.json()).toMatchObject({
      weekly: everyDay('08:00', '16:00'),
      planned: [{ from: `${from}T00:00:00.000+03:30`, weekly: everyDay('12:00', '20:00') }],
    });
    expect((await preview('urban-planning', inDays(9, '10:00'))).open).toBe(true);
    expect((await preview('urban-planning', inDays(10, '10:00'))).open).toBe(false);
    expect((await preview('urban-planning', inDays(10, '19:00'))).open).toBe(true);
    const now = await put({ weekly: everyDay('09:00', '17:00') });
    expect(now.json()).toMatchObject({ weekly: everyDay('09:00', '17:00'), planned: [] });
    expect((await preview('urban-planning', inDays(10, '19:00'))).open).toBe(false);
    expect((await preview('urban-planning', inDays(10, '16:30'))).open).toBe(true);
    await send('PUT', '/holidays/closing', { closed: true });
  });

  test.each([
    ['a day that has begun', dayOf(inDays(0)), 'day-past'],
    ['a day there is not', '2026-02-30', 'day-invalid'],
  ])('%s is refused', async (_name, from, code) => {
    expect(problemIn(await put({ weekly: [], from }))).toMatchObject({ status: 400, code });
  });
});

describe('what was stays as it was', () => {
  /** A time at which nothing was open, and one at which it was unless the day was a holiday. */
  const [NIGHT, MORNING] = [inDays(-1, '03:00'), inDays(-1, '10:00')];
  const agesAgo = inDays(-30);
  const was = async (at: string) => {
    const { open, reason, closure } = await preview('finance', at);
    return { open, reason, closure };
  };

  test.each([
    ['a closure whose start was long ago', '/closures', { kind: 'snow' }, MORNING],
    ['an opening whose start was', '/openings', { endsAt: inDays(1) }, NIGHT],
  ])('%s counts from now on, and its answer says so', async (_name, path, body, at) => {
    const before = await was(at);
    const sent = Date.now();
    const made = await send('POST', path, { ...body, specialty: 'finance', startsAt: agesAgo, reason: 'x' });
    expect(made.statusCode).toBe(201);
    const { id, startsAt, createdAt } = made.json<{ id: string; startsAt: string; createdAt: string }>();
    expect(startsAt).toBe(createdAt);
    expect(Date.parse(startsAt)).toBeGreaterThanOrEqual(sent);
    expect((await get(path)).json()).toMatchObject({ items: [{ id, startsAt }] });
    expect(await was(at)).toEqual(before);
    expect(hours.check('finance').open).toBe(path === '/openings');
    expect((await send('DELETE', `${path}/${id}`)).statusCode).toBe(204);
    expect(await was(at)).toEqual(before);
  });

  test('one that began a moment ago has closed at once', async () => {
    const startsAt = new Date(Date.now() - 3000).toISOString();
    expect((await send('POST', '/closures', { kind: 'snow', reason: 'x', startsAt })).statusCode).toBe(201);
    expect(hours.check('transport')).toMatchObject({ open: false, reason: 'closure' });
  });

  test('a season whose first day was before counts from now on', async () => {
    await send('PUT', '/holidays/closing', { closed: false });
    const before = await was(NIGHT);
    expect(before.open).toBe(false);
    const season = { title: 'شب‌ها', startsOn: dayOf(inDays(-2)), endsOn: dayOf(inDays(2)) };
    const made = await send('POST', '/seasons', { ...season, weekly: everyDay('02:00', '04:00') });
    expect(made.statusCode).toBe(201);
    expect(await was(NIGHT)).toEqual(before);
    expect(await preview('finance', inDays(1, '03:00'))).toMatchObject({ open: true, reason: 'season' });
    await send('PUT', '/holidays/closing', { closed: true });
  });

  test('no holiday is declared, moved or taken back once its day has begun', async () => {
    const today = dayOf(inDays(0));
    const declared = await send('POST', '/holidays', { date: today, title: 'عزای عمومی' });
    expect(problemIn(declared)).toMatchObject({ status: 400, code: 'day-past' });
    const coming = await send('POST', '/holidays', { date: dayOf(inDays(50)), title: 'عزای عمومی' });
    const path = `/holidays/${coming.json<{ id: string }>().id}`;
    const patch = (body: object) => send('PATCH', path, body, { 'if-match': '*' });
    expect(problemIn(await patch({ date: today }))).toMatchObject({ status: 400, code: 'day-past' });
    // Its day comes.
    await web.pool.query('update holidays set date = $1, confirmed = false where title_fa = $2', [
      ...[today, 'عزای عمومی'],
    ]);
    expect(problemIn(await patch({ date: dayOf(inDays(51)) })).code).toBe('holiday-past');
    expect(problemIn(await send('DELETE', path, undefined, { 'if-match': '*' })).code).toBe('holiday-past');
    expect((await patch({ date: today, confirmed: true })).json()).toMatchObject({ confirmed: true });
    await web.pool.query(`delete from holidays where title_fa = 'عزای عمومی'`);
    await hours.reload();
  });
});

describe('a closure on the spot', () => {
  test('closes at once on every process, and says why, until it is taken back', async () => {
    const made = await send('POST', '/closures', { kind: 'air-pollution', reason: 'شاخص ۱۸۰' });
    expect(made.statusCode).toBe(201);
    expect(made.json()).toMatchObject({ specialty: null, kind: 'air-pollution', endsAt: null });
    expect(hours.check('finance')).toMatchObject({
      open: false,
      reason: 'closure',
      closure: 'air-pollution',
    });
    await expect.poll(() => elsewhere.check(null).closure, soon).toBe('air-pollution');
    expect((await get('/closures')).json()).toMatchObject({ items: [{ reason: 'شاخص ۱۸۰' }], next: null });
    const path = `/closures/${made.json<{ id: string }>().id}`;
    expect((await send('DELETE', path)).statusCode).toBe(204);
    expect(problemIn(await send('DELETE', path)).code).toBe('closure-not-found');
    expect(hours.check('finance').reason).not.toBe('closure');
    await expect.poll(() => elsewhere.check(null).closure, soon).toBeNull();
  });

  test('may be of one specialty, and from one time to another', async () => {
    const body = { specialty: 'transport', kind: 'snow', reason: 'برف' };
    await send('POST', '/closures', { ...body, startsAt: inDays(3, '09:00'), endsAt: inDays(3, '11:00') });
    expect(await preview('transport', inDays(3, '10:00'))).toMatchObject({
      ...{ reason: 'closure', opensAt: inDays(3, '11:00') },
    });
    expect((await preview('finance', inDays(3, '10:00'))).reason).not.toBe('closure');
  });

  test.each([
    ['without a reason', { kind: 'snow' }, 'validation-failed'],
    ['of a kind nobody can announce', { kind: 'strike', reason: 'x' }, 'validation-failed'],
    ['of an unknown specialty', { kind: 'snow', reason: 'x', specialty: 'astrology' }, 'specialty-unknown'],
    ['that is over', { kind: 'snow', reason: 'x', startsAt: inDays(-3), endsAt: inDays(-2) }, 'closure-past'],
    [
      'that ends before it starts',
      { kind: 'snow', reason: 'x', startsAt: inDays(3), endsAt: inDays(2) },
      'closure-reversed',
    ],
  ])('%s is refused', async (_name, body, code) => {
    expect(problemIn(await send('POST', '/closures', body))).toMatchObject({ status: 400, code });
  });
});

describe('a season', () => {
  const ramadan = () => ({
    ...{ title: 'رمضان', startsOn: dayOf(inDays(20)), endsOn: dayOf(inDays(30)) },
    weekly: everyDay('18:00', '22:00'),
  });

  test('has hours of its own, from the first day to the last', async () => {
    await send('PUT', '/holidays/closing', { closed: false });
    const made = await send('POST', '/seasons', ramadan());
    expect(made.statusCode).toBe(201);
    expect(await preview('finance', inDays(20, '19:00'))).toMatchObject({ open: true, reason: 'season' });
    expect((await preview('finance', inDays(30, '10:00'))).open).toBe(false);
    expect((await preview('finance', inDays(31, '10:00'))).open).toBe(true);
    expect((await get('/seasons')).json()).toMatchObject({ items: [{ ...ramadan(), specialty: null }] });
    const { id } = made.json<{ id: string }>();
    expect((await send('DELETE', `/seasons/${id}`)).statusCode).toBe(204);
    expect((await preview('finance', inDays(25, '19:00'))).open).toBe(false);
    await send('PUT', '/holidays/closing', { closed: true });
  });

  test('beside another of the same specialties is refused; one of a single specialty is not', async () => {
    await send('POST', '/seasons', ramadan());
    const again = await send('POST', '/seasons', { ...ramadan(), startsOn: ramadan().endsOn });
    expect(problemIn(again)).toMatchObject({ status: 409, code: 'season-overlapping' });
    const own = await send('POST', '/seasons', { ...ramadan(), specialty: 'finance' });
    expect(own.statusCode).toBe(201);
  });

  test.each([
    ['that ends before it starts', { endsOn: dayOf(inDays(19)) }, 'season-reversed'],
    ['that is over', { startsOn: '2020-01-01', endsOn: '2020-01-02' }, 'season-past'],
    [
      'with windows that overlap',
      { weekly: [...everyDay('08:00', '12:00'), ...everyDay('11:00', '13:00')] },
      'hours-invalid',
    ],
  ])('%s is refused', async (_name, change, code) => {
    const body = { ...ramadan(), ...change };
    expect(problemIn(await send('POST', '/seasons', body))).toMatchObject({ status: 400, code });
  });
});

describe('official holidays', () => {
  interface Row {
    id: string | null;
    date: string;
    title: string;
    basis: string;
    confirmed: boolean;
  }
  const ofYear = async (year: number) => (await get(`/holidays?year=${year}`)).json<{ items: Row[] }>().items;

  test('of a solar year: the computed ones and those of the moon, in order', async () => {
    const items = await ofYear(1405);
    expect(items.map(({ date }) => date)).toEqual(items.map(({ date }) => date).toSorted());
    expect(items).toContainEqual(expect.objectContaining({ id: null, date: '2027-02-11', basis: 'solar' }));
    expect(items).toContainEqual(
      expect.objectContaining({
        date: '2026-06-25',
        title: 'عاشورای حسینی',
        basis: 'lunar',
        confirmed: true,
      }),
    );
    const perYear = await Promise.all([1404, 1405, 1406, 1407].map(ofYear));
    for (const year of perYear)
      expect(year.filter(({ basis }) => basis === 'lunar').length).toBeGreaterThanOrEqual(17);
    expect((await ofYear(1406)).filter(({ basis }) => basis === 'lunar').every((one) => one.confirmed)).toBe(
      false,
    );
  });

  test('close the clinic, which is a switch', async () => {
    const ashura = '2026-06-25T10:00:00+03:30';
    expect(await preview('finance', ashura)).toMatchObject({ reason: 'holiday', holiday: 'عاشورای حسینی' });
    expect(await preview('finance', '2027-02-11T10:00:00+03:30')).toMatchObject({ reason: 'holiday' });
    const off = await send('PUT', '/holidays/closing', { closed: false });
    expect(off.json()).toMatchObject({ closed: false });
    // From now on: what is past was closed.
    expect((await preview('finance', '2027-02-11T10:00:00+03:30')).open).toBe(true);
    expect((await preview('finance', ashura)).open).toBe(false);
    expect((await send('PUT', '/holidays/closing', { closed: true })).json()).toMatchObject({ closed: true });
    expect((await get('/holidays/closing')).json()).toMatchObject({ closed: true });
  });

  test('are moved and confirmed when the moon is seen, declared, and taken back', async () => {
    const found = (await ofYear(1407)).find(({ title }) => title === 'اربعین حسینی');
    const path = `/holidays/${found?.id}`;
    const moved = DateTime.fromISO(found?.date ?? '')
      .plus({ days: 1 })
      .toISODate();
    const change = { date: moved, confirmed: true };
    expect((await send('PATCH', path, change)).statusCode).toBe(428);
    const changed = await send('PATCH', path, change, { 'if-match': '"v1"' });
    expect(changed.json()).toMatchObject({ date: moved, confirmed: true, title: found?.title });
    expect(problemIn(await send('PATCH', path, change, { 'if-match': '"v1"' })).code).toBe('version-stale');
    expect(await preview('finance', `${moved}T10:00:00+03:30`)).toMatchObject({ holiday: found?.title });
    const declared = await send('POST', '/holidays', { date: dayOf(inDays(40)), title: 'عزای عمومی' });
    expect(declared.json()).toMatchObject({ basis: 'declared', confirmed: true });
    expect(await preview('finance', inDays(40))).toMatchObject({ reason: 'holiday' });
    const own = `/holidays/${declared.json<{ id: string }>().id}`;
    expect((await send('DELETE', own, undefined, { 'if-match': '"v1"' })).statusCode).toBe(204);
    expect((await preview('finance', inDays(40))).holiday).not.toBe('عزای عمومی');
  });

  test('of the past stay as they were; none stands twice', async () => {
    const past = await send('POST', '/holidays', { date: dayOf(inDays(-1)), title: 'x' });
    expect(problemIn(past)).toMatchObject({ status: 400, code: 'day-past' });
    const ashura = (await ofYear(1405)).find(({ date }) => date === '2026-06-25');
    const path = `/holidays/${ashura?.id}`;
    const moved = { date: dayOf(inDays(1)) };
    expect(problemIn(await send('PATCH', path, moved, { 'if-match': '*' })).code).toBe('holiday-past');
    expect(problemIn(await send('DELETE', path, undefined, { 'if-match': '*' })).code).toBe('holiday-past');
    const twice = { date: '2027-03-10', title: 'عید فطر' };
    expect(problemIn(await send('POST', '/holidays', twice))).toMatchObject({ code: 'holiday-exists' });
  });
});

test('only supervisors change any of it', async () => {
  for (const [method, path] of [
    ['POST', '/closures'],
    ['POST', '/seasons'],
    ['POST', '/holidays'],
    ['PUT', '/holidays/closing'],
  ] as const)
    expect((await web.as('auditor', { method, path, body: {} })).statusCode).toBe(403);
});
