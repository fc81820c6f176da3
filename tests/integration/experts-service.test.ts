import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createExperts, type Experts } from '../../src/experts/service.ts';
import { sipAccount } from '../../src/experts/softphone.ts';
import {
  createCommandClient,
  serveCommands,
  type CommandClient,
  type CommandServer,
} from '../../src/platform/commands.ts';
import { deskBench, presenceHistory, type DeskBench } from '../support/desk.ts';
import { silentLog as log } from '../support/silent-log.ts';

const sip = { domain: '127.0.0.1', port: 5137, wsUrl: 'ws://127.0.0.1:8188/ws', realm: 'clinic' };
const always = () => true;
const planner = { name: 'مریم احمدی', skills: [{ specialty: 'urban-planning', level: 5 }] };

let bench: DeskBench;
let client: CommandClient;
let server: CommandServer | null;
let experts: Experts;

beforeEach(async () => {
  bench = await deskBench();
  const { redis, pool, routing } = bench;
  const desk = bench.start();
  await desk.reload();
  server = serveCommands({ redis, log }, desk.handlers);
  client = createCommandClient({ redis, log });
  experts = createExperts({ pool, routing, commands: client, log, sip });
});

afterEach(async () => {
  await server?.close();
  await client.close();
  await bench.close();
});

async function exchangeAway(): Promise<void> {
  await server?.close();
  server = null;
}

/** Everything PostgreSQL keeps of softphones and the audit, as text. */
async function keptText(): Promise<string> {
  const { rows } = await bench.pool.query<{ text: string }>(
    `select row_to_json(t)::text as text from expert_softphones t union all select row_to_json(t)::text from audit t`,
  );
  return rows.map(({ text }) => text).join('\n');
}

async function keptHa1(id: string): Promise<string | undefined> {
  const { rows } = await bench.pool.query<{ ha1: string }>(
    'select ha1 from expert_softphones where expert_id = $1',
    [id],
  );
  return rows[0]?.ha1;
}

describe('the roster', () => {
  test('gives each new expert the next free id, and routing knows at once', async () => {
    const first = await experts.add(planner, 'account:1');
    const second = await experts.add({ name: 'علی کریمی', skills: [] }, 'account:1');
    expect([first.id, second.id]).toEqual(['e001', 'e002']);
    expect(first).toMatchObject({
      ...planner,
      active: true,
      version: 1,
      presence: { intent: 'offline' },
      softphone: false,
    });
    expect(first.status).toMatchObject({
      expertId: 'e001',
      specialties: ['urban-planning'],
      intent: 'offline',
      activity: 'idle',
    });
    expect(await experts.find('e001')).toEqual(first);
    expect(await experts.find('e009')).toBeNull();
  });

  test('adds nobody with an unknown specialty', async () => {
    const wrong = { name: 'x', skills: [{ specialty: 'astrology', level: 1 }] };
    await expect(experts.add(wrong, 'account:1')).rejects.toMatchObject({ code: '23503' });
    expect(await experts.list(null, 10)).toEqual([]);
  });

  test('lists the newest first, also past e999', async () => {
    await bench.pool.query("select setval('expert_numbers', 998)");
    for (const name of ['a', 'b', 'c']) await experts.add({ name, skills: [] }, 'account:1');
    expect((await experts.list(null, 10)).map(({ id }) => id)).toEqual(['e1001', 'e1000', 'e999']);
    expect((await experts.list('e1000', 10)).map(({ id }) => id)).toEqual(['e999']);
    expect((await experts.list(null, 1)).map(({ id }) => id)).toEqual(['e1001', 'e1000']);
  });

  test('can be read without Redis and changed without the exchange', async () => {
    await exchangeAway();
    const added = await experts.add(planner, 'account:1');
    expect(added).toMatchObject({ id: 'e001', status: null });
    const away = {
      expert: () => Promise.reject(new Error('away')),
      experts: () => Promise.reject(new Error('away')),
    };
    const blind = createExperts({ pool: bench.pool, routing: away, commands: client, log, sip });
    expect(await blind.list(null, 10)).toMatchObject([{ id: 'e001', status: null }]);
  });
});

describe('changing an expert', () => {
  test('dates skills: what stays keeps its row, what changes is closed and added', async () => {
    await experts.add(
      { ...planner, skills: [...planner.skills, { specialty: 'finance', level: 2 }] },
      'account:1',
    );
    const skills = [
      { specialty: 'transport', level: 3 },
      { specialty: 'finance', level: 4 },
      { specialty: 'urban-planning', level: 5 },
    ];
    const changed = await experts.change(
      'e001',
      { skills, name: 'مریم نوری' },
      'account:2',
      (version) => version === 1,
    );
    expect(changed).toMatchObject({ name: 'مریم نوری', version: 2 });
    expect(typeof changed === 'object' && changed.skills.map(({ specialty }) => specialty)).toEqual([
      ...['urban-planning', 'transport', 'finance'],
    ]);
    const { rows } = await bench.pool.query<{ row: string }>(
      `select specialty || level || ' ' || actor || ' ' || (valid_to is null) as row
       from expert_skills where expert_id = 'e001' order by 1`,
    );
    expect(rows.map(({ row }) => row)).toEqual([
      'finance2 account:1 false',
      'finance4 account:2 true',
      'transport3 account:2 true',
      'urban-planning5 account:1 true',
    ]);
    expect((await bench.routing.expert('e001'))?.specialties.toSorted()).toEqual([
      'finance',
      'transport',
      'urban-planning',
    ]);
  });

  test('refuses an old version and unknown experts; of two at once one wins', async () => {
    await experts.add(planner, 'account:1');
    expect(await experts.change('e001', { name: 'x' }, 'account:1', (version) => version === 7)).toBe(
      'stale',
    );
    expect(await experts.change('e404', { name: 'x' }, 'account:1', always)).toBe('unknown');
    const both = await Promise.all(
      ['a', 'b'].map((name) => experts.change('e001', { name }, 'account:1', (version) => version === 1)),
    );
    expect(both.filter((outcome) => outcome === 'stale')).toHaveLength(1);
    expect((await experts.find('e001'))?.version).toBe(2);
  });

  test('made inactive: offline, no calls, no telephone; active again: the telephone is back', async () => {
    await experts.add(planner, 'account:1');
    await experts.newSoftphone('e001', 'account:1');
    await experts.setPresence('e001', { state: 'ready', reason: null }, 'account:1');
    const inactive = await experts.change('e001', { active: false }, 'account:2', always);
    expect(inactive).toMatchObject({
      active: false,
      presence: { intent: 'offline' },
      status: { intent: 'offline', specialties: [] },
    });
    expect(bench.exchange.accounts.has('e001')).toBe(false);
    expect(await experts.setPresence('e001', { state: 'ready', reason: null }, 'account:1')).toBe('inactive');
    expect(await experts.newSoftphone('e001', 'account:1')).toBe('inactive');
    const back = await experts.change('e001', { active: true }, 'account:2', always);
    expect(back).toMatchObject({
      active: true,
      presence: { intent: 'offline' },
      status: { specialties: ['urban-planning'] },
    });
    expect(bench.exchange.accounts.get('e001')?.ha1).toBe(await keptHa1('e001'));
  });
});

describe('presence', () => {
  test('is kept with its actor and in force when the answer comes', async () => {
    await experts.add(planner, 'account:1');
    const paused = await experts.setPresence('e001', { state: 'paused', reason: 'ناهار' }, 'account:9');
    expect(paused).toMatchObject({ expertId: 'e001', intent: 'paused', reason: 'ناهار', pausedUntil: null });
    expect(await bench.routing.expert('e001')).toMatchObject({ intent: 'paused', reason: 'ناهار' });
    expect(await experts.setPresence('e001', { state: 'ready', reason: null }, 'account:9')).toMatchObject({
      intent: 'ready',
    });
    expect(await presenceHistory(bench.pool, 'e001')).toEqual([
      { intent: 'paused', reason: 'ناهار', actor: 'account:9', open: false },
      { intent: 'ready', reason: null, actor: 'account:9', open: true },
    ]);
    expect(await experts.setPresence('e404', { state: 'ready', reason: null }, 'account:9')).toBe('unknown');
  });

  test('without the exchange it is kept and said not to be in force yet', async () => {
    await experts.add(planner, 'account:1');
    await exchangeAway();
    await expect(
      experts.setPresence('e001', { state: 'ready', reason: null }, 'account:9'),
    ).rejects.toMatchObject({
      code: 'telephone-exchange-unavailable',
      message: expect.stringContaining('It is kept') as string,
    });
    expect((await experts.find('e001'))?.presence.intent).toBe('ready');
    expect(await bench.routing.expert('e001')).toMatchObject({ intent: 'offline' });
  });

  test('ten at once end in one open row', async () => {
    await experts.add(planner, 'account:1');
    const states = ['ready', 'paused', 'offline'] as const;
    await Promise.all(
      Array.from({ length: 10 }, (_, n) =>
        experts.setPresence('e001', { state: states[n % 3]!, reason: null }, 'account:9'),
      ),
    );
    const history = await presenceHistory(bench.pool, 'e001');
    expect(history.filter(({ open }) => open)).toHaveLength(1);
    expect((await bench.routing.expert('e001'))?.intent).toBe(history.at(-1)?.intent);
  });
});

describe('softphones', () => {
  test('the password is told once; only its digest is kept, and the exchange has it', async () => {
    await experts.add(planner, 'account:1');
    const made = await experts.newSoftphone('e001', 'account:1');
    if (typeof made === 'string') throw new Error(made);
    const { password, ...rest } = made;
    expect(rest).toEqual({
      username: 'e001',
      domain: '127.0.0.1',
      port: 5137,
      wsUrl: 'ws://127.0.0.1:8188/ws',
    });
    const account = sipAccount('e001', 'clinic', password);
    expect(bench.exchange.accounts.get('e001')).toEqual(account);
    expect(await keptHa1('e001')).toBe(account.ha1);
    expect(await keptText()).not.toContain(password);
    const again = await experts.newSoftphone('e001', 'account:1');
    expect(typeof again === 'object' && again.password).not.toBe(password);
    expect(await experts.newSoftphone('e404', 'account:1')).toBe('unknown');
  });

  test('without the exchange nothing is kept, and the answer says so', async () => {
    await experts.add(planner, 'account:1');
    await experts.newSoftphone('e001', 'account:1');
    const before = await keptText();
    await exchangeAway();
    await expect(experts.newSoftphone('e001', 'account:1')).rejects.toMatchObject({
      code: 'telephone-exchange-unavailable',
    });
    expect(await keptText()).toBe(before);
  });

  test('the exchange that refuses is no success either', async () => {
    await experts.add(planner, 'account:1');
    bench.exchange.setLink('down');
    await expect(experts.newSoftphone('e001', 'account:1')).rejects.toMatchObject({
      code: 'telephone-exchange-unavailable',
    });
    expect(await keptHa1('e001')).toBeUndefined();
  });

  test('of several at once, what is kept is what the exchange has', async () => {
    await experts.add(planner, 'account:1');
    await Promise.all(Array.from({ length: 5 }, () => experts.newSoftphone('e001', 'account:1')));
    expect(await keptHa1('e001')).toBe(bench.exchange.accounts.get('e001')?.ha1);
  });
});
