import type { Pool } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Registry } from 'prom-client';
import { createPool } from '../../src/platform/pool.ts';
import { closeRedis, createRedis } from '../../src/platform/redis.ts';
import { transaction } from '../../src/platform/sql.ts';
import { measureTexts } from '../../src/roles/text-figures.ts';
import { createDelivery } from '../../src/sms/delivery.ts';
import { tableDriver, type Driver } from '../../src/sms/driver.ts';
import { startTexts, type Texts } from '../../src/sms/jobs.ts';
import { createKavenegar } from '../../src/sms/kavenegar.ts';
import { sendText, type Asked, type TextWanted } from '../../src/sms/service.ts';
import { createTestDatabase } from '../support/database.ts';
import { testRedis } from '../support/redis.ts';
import { recordingLog } from '../support/silent-log.ts';
import { startGateway, type Gateway } from '../support/sms-gateway.ts';
import { waitFor } from '../support/wait.ts';

/** Texts on their way: from a row in somebody's transaction to the gateway, by way of the real PostgreSQL and Redis. */

const TEN = Date.parse('2026-12-05T10:00:00+03:30');
const quiet = { zone: 'Asia/Tehran', from: 22, until: 8 };
const { log, lines } = recordingLog();

let pool: Pool;
let redisUrl: string;
let gateway: Gateway;
let driver: Driver;
let registry: Registry;
let observe: ReturnType<typeof measureTexts>;
let now = TEN;
let running: Texts | null = null;
let citizens = 0;
const clock = { now: () => now, monotonic: () => now };

beforeAll(async () => {
  pool = createPool(await createTestDatabase(), log);
  redisUrl = await testRedis();
});
beforeEach(async () => {
  now = TEN;
  gateway = await startGateway();
  const { url, key } = gateway;
  driver = createKavenegar({ url, key, sender: '', withinMs: 300 });
  registry = new Registry();
  observe = measureTexts(registry, { pool, clock });
});
afterEach(async () => {
  await running?.close();
  running = null;
  await gateway.close();
  await pool.query('truncate text_messages');
});
afterAll(() => pool.end());

const citizen = () => `+98914${String(++citizens).padStart(7, '0')}`;

const deps = () => ({ pool, clock, log, driver, quiet, lineNumber: '137', observe });
const start = () => (running = startTexts({ ...deps(), redisUrl, firstPauseMs: 20 }));
const deliverOnce = (id: string) => createDelivery(deps())(id);

async function ask(wanted: Partial<TextWanted> = {}): Promise<Asked> {
  const usual = {
    template: 'case-opened',
    number: citizen(),
    parameters: { reference: '12345674' },
  } as const;
  return transaction(pool, (db) => sendText(db, { ...usual, caseId: null, at: new Date(now), ...wanted }));
}

interface Row {
  id: string;
  state: string;
  attempts: number;
  body: string | null;
  driver: string | null;
  provider_id: string | null;
  reason: string | null;
  sent_at: Date | null;
  due_at: Date;
}
const rows = async () => (await pool.query<Row>('select * from text_messages order by created_at, id')).rows;
const only = async (): Promise<Row> => {
  const [row, ...others] = await rows();
  expect(others).toEqual([]);
  return row!;
};
const settled = async (): Promise<Row> => {
  await waitFor(async () => (await rows()).every(({ state }) => state !== 'queued'));
  return only();
};
const counted = async (outcome: string): Promise<number> => {
  const metric = await registry.getSingleMetric('clinic_texts_total')!.get();
  return metric.values.find(({ labels }) => labels['outcome'] === outcome)?.value ?? -1;
};
const figure = async (name: string): Promise<number | undefined> =>
  (await registry.getSingleMetric(name)!.get()).values[0]?.value;

describe('a text', () => {
  it('goes out as soon as its transaction is through, and its row tells what was said', async () => {
    start();
    const number = citizen();
    expect(await ask({ number })).toBe('queued');
    const row = await settled();
    expect(row).toMatchObject({ state: 'sent', attempts: 1, driver: 'kavenegar', reason: null });
    expect(row.body).toBe('سامانهٔ ۱۳۷: درخواست شما ثبت شد. شمارهٔ پیگیری: ۱۲۳۴۵۶۷۴');
    expect(row.provider_id).toMatch(/^[0-9]+$/);
    expect(row.sent_at).toEqual(new Date(TEN));
    expect(gateway.taken).toMatchObject([{ receptor: `0${number.slice(3)}`, message: row.body }]);
    expect(await counted('sent')).toBe(1);
  });

  it('that is taken back with its transaction is never sent', async () => {
    start();
    const failing = transaction(pool, async (db) => {
      const wanted = { template: 'case-opened', number: citizen(), caseId: null, at: new Date(now) } as const;
      await sendText(db, { ...wanted, parameters: { reference: '12345674' } });
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    await ask();
    await settled();
    expect(gateway.asked).toHaveLength(1);
  });

  it('goes to mobiles only', async () => {
    for (const number of [null, '+982188001122', '+4915112345678'])
      expect(await ask({ number })).toBe('no-mobile');
    expect(await rows()).toEqual([]);
  });

  it('is said once an hour, and not again in other words', async () => {
    const number = citizen();
    expect(await ask({ number })).toBe('queued');
    now += 3_599_000;
    expect(await ask({ number })).toBe('said');
    expect(await ask({ number, template: 'not-reached' })).toBe('queued');
    expect(await ask()).toBe('queued');
    now += 1_000;
    expect(await ask({ number })).toBe('queued');
    expect(await ask({ number, template: 'case-answered' })).toBe('queued');
    expect(await ask({ number, template: 'case-closed' })).toBe('said');
  });

  it('is asked for once by two who want it at the same moment', async () => {
    const number = citizen();
    const came = await Promise.all(Array.from({ length: 5 }, () => ask({ number })));
    expect(came.toSorted()).toEqual(['queued', 'said', 'said', 'said', 'said']);
  });

  it('goes ten times a day to one number, whoever keys it in', async () => {
    const number = citizen();
    const anew = async () => {
      now += 3_600_000;
      return ask({ number });
    };
    for (let n = 0; n < 10; n++) expect(await anew()).toBe('queued');
    expect(await anew()).toBe('said');
    now += 13 * 3_600_000;
    expect(await anew()).toBe('queued');
  });

  it('without a gateway is written down and nobody is told that it was sent', async () => {
    driver = tableDriver;
    start();
    await ask();
    expect(await settled()).toMatchObject({ state: 'kept', driver: 'table', sent_at: null });
    expect((await only()).body).toContain('۱۲۳۴۵۶۷۴');
    expect(await counted('kept')).toBe(1);
  });
});

describe('what goes wrong', () => {
  it('for a while is tried again, with growing pauses', async () => {
    gateway.next(418, 500, 409);
    start();
    await ask();
    expect(await settled()).toMatchObject({ state: 'sent', attempts: 4 });
    expect(gateway.asked).toHaveLength(4);
    expect(gateway.taken).toHaveLength(1);
    expect(await counted('retried')).toBe(3);
    const alarms = lines.filter((line) => line['msg'] === 'text.retried' && line['alarm'] === true);
    expect(alarms).toEqual([expect.objectContaining({ reason: 'kavenegar-418' })]);
  });

  it('for good is told: the number takes none, or the message is refused', async () => {
    gateway.next(411, 413);
    start();
    await ask();
    expect(await settled()).toMatchObject({ state: 'undeliverable', attempts: 1, reason: 'kavenegar-411' });
    await pool.query('truncate text_messages');
    await ask();
    expect(await settled()).toMatchObject({ state: 'failed', attempts: 1, reason: 'kavenegar-413' });
    expect(gateway.asked).toHaveLength(2);
    expect(lines).toContainEqual(expect.objectContaining({ msg: 'text.given-up', alarm: true }));
  });

  it.each(['taken-cut', 'taken-hang'] as const)(
    '%s: the citizen has it, and gets it once',
    async (answer) => {
      gateway.next(answer);
      start();
      await ask();
      const row = await settled();
      expect(row).toMatchObject({ state: 'sent', attempts: 2 });
      expect(gateway.taken).toHaveLength(1);
      expect(gateway.lookedFor).toHaveLength(1);
    },
  );

  it.each(['cut', 'hang'] as const)('%s: the citizen has it not, and gets it', async (answer) => {
    gateway.next(answer);
    start();
    await ask();
    expect(await settled()).toMatchObject({ state: 'sent', attempts: 2 });
    expect(gateway.taken).toHaveLength(1);
  });

  it('too often is given up, and somebody is told', async () => {
    gateway.next(...Array<number>(12).fill(418));
    await ask();
    const { id } = await only();
    for (let attempt = 1; attempt < 12; attempt++) expect(await deliverOnce(id)).toBe('again');
    expect(await deliverOnce(id)).toBe('done');
    expect(await only()).toMatchObject({ state: 'failed', attempts: 12, reason: 'kavenegar-418' });
    expect(await counted('failed')).toBe(1);
  });

  it('so long that nobody waits for it any more, is not sent at all', async () => {
    await ask();
    now += 24 * 3_600_000 + 1;
    expect(await deliverOnce((await only()).id)).toBe('done');
    expect(await only()).toMatchObject({ state: 'failed', reason: 'too-late' });
    expect(gateway.asked).toEqual([]);
  });

  it('with a process that died with the text in its hand: the next one asks before it sends', async () => {
    gateway.next('taken-cut');
    await ask();
    const { id } = await only();
    // As the dead one left it: in hand, and taken by the gateway.
    const dying = {
      ...driver,
      send: async (message: Parameters<Driver['send']>[0]) => {
        await driver.send(message);
        throw new Error('killed');
      },
    };
    await expect(createDelivery({ ...deps(), driver: dying })(id)).rejects.toThrow('killed');
    expect(await deliverOnce(id)).toBe('again');
    now += 60_000;
    expect(await deliverOnce(id)).toBe('done');
    expect(await only()).toMatchObject({ state: 'sent', attempts: 2 });
    expect(gateway.taken).toHaveLength(1);
  });

  it('in Redis costs nothing: a look puts back what it has lost', async () => {
    gateway.next(418);
    running = startTexts({ ...deps(), redisUrl, firstPauseMs: 3_600_000 });
    await ask();
    await waitFor(async () => (await only()).reason === 'kavenegar-418');
    await running.sweep();
    expect(gateway.asked).toHaveLength(1);
    const redis = createRedis(redisUrl, log);
    await redis.flushdb();
    await closeRedis(redis);
    await waitFor(async () => {
      await running!.sweep();
      return (await only()).state === 'sent';
    });
  });

  it('tells in no log the key or a number', async () => {
    gateway.next('cut', 500, 411);
    start();
    await ask({ number: '+989129876543' });
    await settled();
    const text = JSON.stringify(lines);
    expect(text).not.toContain(gateway.key);
    expect(text).not.toContain('9129876543');
    expect(text).toContain('+98********43');
  });
});

describe('at night', () => {
  const ELEVEN = Date.parse('2026-12-05T23:00:00+03:30');

  it('nobody is texted but who has just called, and the others in the morning', async () => {
    now = ELEVEN;
    await ask({ answersAt: new Date(ELEVEN - 15 * 60_000) });
    await ask({ template: 'case-answered' });
    const [opened, answered] = await rows();
    for (const { id } of [opened!, answered!]) expect(await deliverOnce(id)).toBe('done');
    expect(await rows()).toMatchObject([
      { state: 'sent' },
      { state: 'queued', attempts: 0, due_at: new Date('2026-12-06T04:30:00Z') },
    ]);
    expect(await figure('clinic_texts_queued')).toBe(1);
    expect(await figure('clinic_texts_late_seconds')).toBe(0);
    start();
    await running!.sweep();
    expect(gateway.asked).toHaveLength(1);
    now = Date.parse('2026-12-06T08:00:00+03:30');
    await running!.sweep();
    await waitFor(async () => (await rows())[1]!.state === 'sent');
  });

  it('nobody is texted for a call of the afternoon that is found only now', async () => {
    now = ELEVEN;
    await ask({ answersAt: new Date(ELEVEN - 6 * 3_600_000) });
    await deliverOnce((await only()).id);
    expect(await only()).toMatchObject({ state: 'queued', due_at: new Date('2026-12-06T04:30:00Z') });
  });

  it('what waits longer than it should is told', async () => {
    await ask();
    now += 900_000;
    expect(await figure('clinic_texts_late_seconds')).toBe(900);
  });
});
