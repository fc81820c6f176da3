import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { hoursRoutes } from '../../src/hours/routes.ts';
import { createHours, type Hours } from '../../src/hours/service.ts';
import { startRoomsWeb, type RoomsWeb } from '../support/experts-web.ts';
import { silentLog as log } from '../support/silent-log.ts';
import { problemIn } from '../support/web.ts';

const zone = 'Asia/Tehran';
const NIGHT = encodeURIComponent('2040-11-19T20:00:00+03:30');
const allWeek = (opens: string, closes: string) =>
  [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({ weekday, opens, closes }));

let web: RoomsWeb;
let hours: Hours;

beforeAll(async () => {
  web = await startRoomsWeb(async ({ pool }) => {
    hours = await createHours({ pool, clock: systemClock, log, zone });
    return [hoursRoutes({ pool, hours, clock: systemClock, zone })];
  });
});

beforeEach(async () => {
  await web.pool.query(
    'update openings set cancelled_at = now(), cancelled_by = $1 where cancelled_at is null',
    ['system'],
  );
});

afterAll(async () => {
  await hours.close();
  await web.close();
});

const get = (path: string) => web.as('auditor', { method: 'GET', path });
const tagOf = async (specialty: string) => String((await get(`/hours/${specialty}`)).headers.etag);
async function put(specialty: string, weekly: unknown, tag?: string) {
  const headers = { 'if-match': tag ?? (await tagOf(specialty)) };
  return await web.as('supervisor', {
    method: 'PUT',
    path: `/hours/${specialty}`,
    body: { weekly },
    headers,
  });
}

describe('regular hours', () => {
  test('of a new installation: every day 8 to 16', async () => {
    const answer = await get('/hours/urban-planning');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers.etag).toMatch(/^"v\d+"$/);
    expect(answer.json()).toMatchObject({
      specialty: 'urban-planning',
      timezone: zone,
      weekly: allWeek('08:00', '16:00'),
    });
  });

  test('are replaced from now on; the change is seen by the next request', async () => {
    expect((await get(`/hours/preview?specialty=transport&at=${NIGHT}`)).json()).toMatchObject({
      open: false,
    });
    const answer = await put('transport', allWeek('08:00', '24:00'));
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ weekly: allWeek('08:00', '24:00') });
    expect(answer.json<{ changedBy: string }>().changedBy).toMatch(/^account:/);
    expect(answer.headers.etag).toBe(await tagOf('transport'));
    expect((await get(`/hours/preview?specialty=transport&at=${NIGHT}`)).json()).toEqual({
      open: true,
      reason: 'weekly',
      closure: null,
      holiday: null,
      opensAt: null,
      closesAt: '2040-11-20T00:00:00.000+03:30',
    });
    const { rows } = await web.pool.query<{ subject: string }>(
      "select subject from audit where action = 'hours.changed'",
    );
    expect(rows).toContainEqual({ subject: 'specialty:transport' });
  });

  test('an old or missing version is refused', async () => {
    const tag = await tagOf('finance');
    expect((await put('finance', allWeek('09:00', '15:00'), tag)).statusCode).toBe(200);
    const stale = await put('finance', allWeek('10:00', '15:00'), tag);
    expect(stale.statusCode).toBe(412);
    expect(problemIn(stale).code).toBe('version-stale');
    const without = await web.as('supervisor', {
      method: 'PUT',
      path: '/hours/finance',
      body: { weekly: [] },
    });
    expect(without.statusCode).toBe(428);
    expect((await get('/hours/finance')).json()).toMatchObject({ weekly: allWeek('09:00', '15:00') });
  });

  test.each([
    ['reversed', [{ weekday: 1, opens: '16:00', closes: '08:00' }], '#/weekly/0'],
    [
      'overlapping',
      [
        { weekday: 1, opens: '08:00', closes: '12:00' },
        { weekday: 1, opens: '11:59', closes: '16:00' },
      ],
      '#/weekly/1',
    ],
  ])('%s windows are told by their place', async (_name, weekly, pointer) => {
    const answer = await put('finance', weekly);
    expect(answer.statusCode).toBe(400);
    expect(problemIn(answer)).toMatchObject({ code: 'hours-invalid', errors: [{ in: 'body', pointer }] });
  });

  test.each([
    ['no time of day', [{ weekday: 1, opens: '8:00', closes: '16:00' }]],
    ['opening at 24:00', [{ weekday: 1, opens: '24:00', closes: '24:00' }]],
    ['an eighth day', [{ weekday: 8, opens: '08:00', closes: '16:00' }]],
    ['something unknown', [{ weekday: 1, opens: '08:00', closes: '16:00', note: 'x' }]],
    ['no list', { weekday: 1 }],
  ])('%s is no week', async (_name, weekly) => {
    const answer = await put('finance', weekly);
    expect(answer.statusCode).toBe(400);
    expect(problemIn(answer).code).toBe('validation-failed');
  });

  test('roles and unknown specialties', async () => {
    const request = { method: 'PUT', path: '/hours/finance', body: { bad: true } } as const;
    expect((await web.as('auditor', request)).statusCode).toBe(403);
    expect(
      (await web.app.inject({ method: 'PUT', url: '/api/v1/hours/finance', payload: {} })).statusCode,
    ).toBe(401);
    expect(problemIn(await get('/hours/astrology'))).toMatchObject({
      status: 404,
      code: 'specialty-not-found',
    });
    expect((await put('astrology', [], '*')).statusCode).toBe(404);
  });
});

describe('preview', () => {
  test('says when it opens next, in the time of the clinic', async () => {
    const at = encodeURIComponent('2040-11-19T16:30:00Z');
    expect((await get(`/hours/preview?specialty=urban-planning&at=${at}`)).json()).toEqual({
      open: false,
      reason: 'outside-hours',
      closure: null,
      holiday: null,
      opensAt: '2040-11-20T08:00:00.000+03:30',
      closesAt: null,
    });
  });

  test('without a specialty: is any open; without a time: now', async () => {
    const early = encodeURIComponent('2040-11-19T08:30:00+03:30');
    expect((await get(`/hours/preview?specialty=&at=${early}`)).json()).toMatchObject({ open: true });
    const now = (await get('/hours/preview')).json<{ open: boolean }>();
    expect(now.open).toBe(hours.check(null).open);
  });

  test.each([
    ['at=yesterday', 'instant-invalid', '#/at'],
    ['at=2040-11-19T08:30:00', 'instant-invalid', '#/at'],
    ['specialty=astrology', 'specialty-unknown', '#/specialty'],
  ])('%s is refused', async (query, code, pointer) => {
    const answer = await get(`/hours/preview?${query}`);
    expect(problemIn(answer)).toMatchObject({ status: 400, code, errors: [{ in: 'query', pointer }] });
  });
});

describe('exceptional openings', () => {
  const evening = {
    startsAt: '2040-11-19T19:00:00+03:30',
    endsAt: '2040-11-19T21:00:00+03:30',
    reason: 'elections',
  };
  const post = (body: object, headers?: Record<string, string>) =>
    web.as('supervisor', {
      method: 'POST',
      path: '/openings',
      body,
      ...(headers === undefined ? {} : { headers }),
    });
  const openAt = async (specialty: string) =>
    (await get(`/hours/preview?specialty=${specialty}&at=${NIGHT}`)).json<{
      open: boolean;
      reason: string;
    }>();

  test('open one specialty or all, until taken back', async () => {
    const one = await post({ ...evening, specialty: 'urban-services' });
    expect(one.statusCode).toBe(201);
    expect(one.json()).toMatchObject({
      specialty: 'urban-services',
      startsAt: '2040-11-19T19:00:00.000+03:30',
    });
    expect(await openAt('urban-services')).toMatchObject({ open: true, reason: 'opening' });
    expect((await openAt('urban-planning')).open).toBe(false);
    const all = await post(evening);
    expect((await openAt('urban-planning')).open).toBe(true);
    for (const made of [one, all]) {
      const path = `/openings/${made.json<{ id: string }>().id}`;
      expect((await web.as('supervisor', { method: 'DELETE', path })).statusCode).toBe(204);
      expect(problemIn(await web.as('supervisor', { method: 'DELETE', path })).code).toBe(
        'opening-not-found',
      );
    }
    expect((await openAt('urban-services')).open).toBe(false);
  });

  test('the same key makes one', async () => {
    const key = { 'idempotency-key': 'once-only' };
    const [first, second] = [await post(evening, key), await post(evening, key)];
    expect(second.json()).toEqual(first.json());
    expect((await get('/openings')).json<{ items: unknown[] }>().items).toHaveLength(1);
  });

  test('are listed newest first, page by page', async () => {
    const made: string[] = [];
    for (const reason of ['one', 'two', 'three'])
      made.unshift((await post({ ...evening, reason })).json<{ id: string }>().id);
    const seen: string[] = [];
    for (let cursor = ''; ;) {
      const page = (await get(`/openings?limit=2${cursor}`)).json<{
        items: { id: string }[];
        next: string | null;
      }>();
      seen.push(...page.items.map(({ id }) => id));
      if (page.next === null) break;
      cursor = `&cursor=${page.next}`;
    }
    expect(seen).toEqual(made);
  });

  test.each([
    ['that ends before it starts', { endsAt: '2040-11-19T18:00:00+03:30' }, 'opening-reversed', '#/endsAt'],
    [
      'that is over',
      { startsAt: '2020-01-01T00:00:00Z', endsAt: '2020-01-02T00:00:00Z' },
      'opening-past',
      '#/endsAt',
    ],
    ['of an unknown specialty', { specialty: 'astrology' }, 'specialty-unknown', '#/specialty'],
  ])('one %s is refused', async (_name, change, code, pointer) => {
    const answer = await post({ ...evening, ...change });
    expect(problemIn(answer)).toMatchObject({ status: 400, code, errors: [{ pointer }] });
  });

  test('only supervisors make them', async () => {
    expect((await web.as('auditor', { method: 'POST', path: '/openings', body: {} })).statusCode).toBe(403);
    expect((await web.as('auditor', { method: 'DELETE', path: '/openings/x' })).statusCode).toBe(403);
  });
});
