import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { createDesk, type Desk } from '../../src/experts/desk.ts';
import { expertRoutes } from '../../src/experts/routes.ts';
import { createExperts } from '../../src/experts/service.ts';
import {
  createCommandClient,
  serveCommands,
  type CommandClient,
  type CommandServer,
} from '../../src/platform/commands.ts';
import type { Routing } from '../../src/routing/routing.ts';
import { createRouting } from '../../src/routing/service.ts';
import { startRoomsWeb, type RoomsWeb, type Sent } from '../support/experts-web.ts';
import { silentLog as log } from '../support/silent-log.ts';
import { scriptedTelephony } from '../support/telephony.ts';
import { problemIn } from '../support/web.ts';

const shown = { domain: '127.0.0.1', port: 5137, wsUrl: 'ws://127.0.0.1:8188/ws' };
const sip = { ...shown, realm: 'clinic' };
const exchange = scriptedTelephony();

let web: RoomsWeb;
let routing: Routing;
let desk: Desk;
let server: CommandServer;
let client: CommandClient;

beforeAll(async () => {
  web = await startRoomsWeb(async ({ pool, redis }) => {
    routing = await createRouting({
      redis,
      clock: systemClock,
      log,
      missesBeforePause: 2,
      missPauseSeconds: 300,
    });
    const telephony = exchange.telephony;
    desk = createDesk({
      ...{ telephony, routing, pool, log, clock: systemClock, setOutcome: () => 'refused' },
      owesOutcome: () => Promise.resolve(false),
    });
    server = serveCommands({ redis, log }, desk.handlers);
    client = createCommandClient({ redis, log });
    return [expertRoutes({ experts: createExperts({ pool, routing, commands: client, log, sip }) })];
  });
  for (const name of ['مریم احمدی', 'علی کریمی']) {
    await supervisor('POST', '/experts', { name, skills: [{ specialty: 'transport', level: 4 }] });
  }
});

afterAll(async () => {
  await server.close();
  await client.close();
  await desk.close();
  await routing.close();
  await web.close();
});

const supervisor = (method: Sent['method'], path: string, body?: object, headers?: Record<string, string>) =>
  web.as('supervisor', {
    method,
    path,
    ...(body === undefined ? {} : { body }),
    ...(headers === undefined ? {} : { headers }),
  });

describe('the roster', () => {
  test('a new expert comes with an id, a place and a version', async () => {
    const answer = await supervisor('POST', '/experts', {
      name: 'نرگس نوری',
      skills: [{ specialty: 'finance', level: 5 }],
    });
    expect(answer.statusCode).toBe(201);
    const { id } = answer.json<{ id: string }>();
    expect(id).toMatch(/^e00\d$/);
    expect(answer.headers).toMatchObject({ location: `/api/v1/experts/${id}`, etag: '"v1"' });
    expect(answer.json()).toMatchObject({
      name: 'نرگس نوری',
      active: true,
      skills: [{ specialty: 'finance', level: 5 }],
      presence: { state: 'offline', reason: null, until: null },
      status: {
        state: 'offline',
        activity: 'idle',
        reachable: false,
        callId: null,
        specialties: ['finance'],
      },
    });
    expect((await supervisor('GET', `/experts/${id}`)).json()).toEqual(answer.json());
  });

  test('the same key adds one expert', async () => {
    const key = { 'idempotency-key': 'one-expert' };
    const first = await supervisor('POST', '/experts', { name: 'x' }, key);
    const second = await supervisor('POST', '/experts', { name: 'x' }, key);
    expect(second.json()).toEqual(first.json());
  });

  test('pages lead through all, newest first', async () => {
    const whole = (await supervisor('GET', '/experts')).json<{ items: { id: string }[]; next: null }>();
    expect(whole.next).toBeNull();
    const ids: string[] = [];
    for (let cursor = ''; ;) {
      const page = (await supervisor('GET', `/experts?limit=1${cursor}`)).json<{
        items: { id: string }[];
        next: string | null;
      }>();
      ids.push(...page.items.map(({ id }) => id));
      if (page.next === null) break;
      cursor = `&cursor=${page.next}`;
    }
    expect(ids).toEqual(whole.items.map(({ id }) => id));
    expect(ids.at(-1)).toBe('e001');
    expect(problemIn(await supervisor('GET', '/experts?cursor=abc')).code).toBe('cursor-invalid');
  });

  test.each([
    ['a level of 6', { name: 'x', skills: [{ specialty: 'finance', level: 6 }] }, 'validation-failed'],
    ['no name', { skills: [] }, 'validation-failed'],
    ['an id of its own', { id: 'e999', name: 'x' }, 'validation-failed'],
    ['a control character', { name: 'x\u0000' }, 'validation-failed'],
    [
      'an unknown specialty',
      { name: 'x', skills: [{ specialty: 'astrology', level: 1 }] },
      'specialty-unknown',
    ],
    [
      'a skill twice',
      {
        name: 'x',
        skills: [
          { specialty: 'finance', level: 1 },
          { specialty: 'finance', level: 2 },
        ],
      },
      'skill-repeated',
    ],
  ])('%s is refused', async (_name, body, code) => {
    const answer = await supervisor('POST', '/experts', body);
    expect(problemIn(answer)).toMatchObject({ status: 400, code });
  });

  test('a change needs the present version', async () => {
    const { etag } = (await supervisor('GET', '/experts/e001')).headers;
    expect(problemIn(await supervisor('PATCH', '/experts/e001', { name: 'y' }))).toMatchObject({
      status: 428,
    });
    const changed = await supervisor(
      'PATCH',
      '/experts/e001',
      { name: 'مریم موسوی' },
      { 'if-match': String(etag) },
    );
    expect(changed.json()).toMatchObject({
      name: 'مریم موسوی',
      skills: [{ specialty: 'transport', level: 4 }],
    });
    expect(changed.headers.etag).not.toBe(etag);
    const stale = await supervisor('PATCH', '/experts/e001', { name: 'z' }, { 'if-match': String(etag) });
    expect(problemIn(stale)).toMatchObject({ status: 412, code: 'version-stale' });
    expect(problemIn(await supervisor('PATCH', '/experts/e001', {}, { 'if-match': '*' })).status).toBe(400);
    expect(
      problemIn(await supervisor('PATCH', '/experts/e404', { name: 'z' }, { 'if-match': '*' })),
    ).toMatchObject({
      status: 404,
      code: 'expert-not-found',
    });
  });
});

describe('presence', () => {
  const put = (body: object, as: 'supervisor' | 'expert' = 'supervisor') =>
    web.as(as, { method: 'PUT', path: '/experts/e001/presence', body }, as === 'expert' ? 'e001' : undefined);

  test('is answered with what the expert does now, and shown in the list', async () => {
    const answer = await put({ state: 'paused', reason: 'ناهار' }, 'expert');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({
      expertId: 'e001',
      state: 'paused',
      reason: 'ناهار',
      until: null,
      activity: 'idle',
    });
    const list = (await supervisor('GET', '/experts')).json<{ items: { id: string }[] }>();
    expect(list.items.find(({ id }) => id === 'e001')).toMatchObject({
      presence: { state: 'paused', reason: 'ناهار' },
      status: { state: 'paused' },
    });
    expect((await put({ state: 'ready' })).json()).toMatchObject({ state: 'ready', reason: null });
  });

  test.each([
    [{ state: 'away' }],
    [{}],
    [{ state: 'ready', until: '2040-01-01T00:00:00Z' }],
    [{ state: 'paused', reason: 7 }],
  ])('%j is refused', async (body) =>
    expect(problemIn(await put(body))).toMatchObject({ status: 400, code: 'validation-failed' }),
  );

  test('of an unknown or inactive expert cannot be set', async () => {
    const path = (id: string) =>
      ({ method: 'PUT', path: `/experts/${id}/presence`, body: { state: 'ready' } }) as const;
    expect(problemIn(await web.as('supervisor', path('e404'))).code).toBe('expert-not-found');
    await supervisor('PATCH', '/experts/e002', { active: false }, { 'if-match': '*' });
    expect(problemIn(await web.as('supervisor', path('e002')))).toMatchObject({
      status: 409,
      code: 'expert-inactive',
    });
    await supervisor('PATCH', '/experts/e002', { active: true }, { 'if-match': '*' });
  });
});

describe('softphone', () => {
  test('a new password each time, never cached', async () => {
    const first = await supervisor('POST', '/experts/e001/softphone');
    expect(first.statusCode).toBe(201);
    expect(first.json()).toEqual({
      username: 'e001',
      password: expect.any(String) as string,
      ...shown,
    });
    expect(first.headers['cache-control']).toContain('no-store');
    const second = await supervisor('POST', '/experts/e001/softphone');
    expect(second.json<{ password: string }>().password).not.toBe(
      first.json<{ password: string }>().password,
    );
    expect((await supervisor('GET', '/experts/e001')).json()).toMatchObject({ softphone: true });
  });

  test('an exchange that is away is a 503 that says what was done', async () => {
    exchange.setLink('down');
    const answer = await supervisor('POST', '/experts/e001/softphone');
    exchange.setLink('ready');
    expect(problemIn(answer)).toMatchObject({ status: 503, code: 'telephone-exchange-unavailable' });
    expect(problemIn(answer).detail).toContain('No new password was kept');
    expect(answer.body).not.toContain('"password"');
  });
});

describe('who may', () => {
  const body = { nonsense: true };
  test.each<[Sent['method'], string]>([
    ['GET', '/experts'],
    ['POST', '/experts'],
    ['PATCH', '/experts/e001'],
    ['GET', '/experts/e001'],
    ['PUT', '/experts/e001/presence'],
    ['POST', '/experts/e001/softphone'],
  ])('%s %s: not an expert for another, not an editor, nobody without a sign-in', async (method, path) => {
    const sent: Sent = method === 'GET' ? { method, path } : { method, path, body };
    expect((await web.as('expert', sent, 'e002')).statusCode).toBe(403);
    expect((await web.as('editor', sent)).statusCode).toBe(403);
    expect((await web.app.inject({ method, url: `/api/v1${path}` })).statusCode).toBe(401);
  });

  test('experts see themselves, and have their own telephone renewed', async () => {
    expect((await web.as('expert', { method: 'GET', path: '/experts/e002' }, 'e002')).statusCode).toBe(200);
    expect(
      (await web.as('expert', { method: 'POST', path: '/experts/e002/softphone' }, 'e002')).statusCode,
    ).toBe(201);
  });
});
