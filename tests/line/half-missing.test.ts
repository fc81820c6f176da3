import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { pino } from 'pino';
import { migrate } from '../../src/platform/migrate.ts';
import { callRow, callStory, rowsOf } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { startFarClinic } from '../support/far-exchange.ts';
import { figuresOf } from '../support/figures.ts';
import { ari, expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, dialClinic, expertPhone } from '../support/phones.ts';
import { startPrivatePostgres, startPrivateRedis } from '../support/private-servers.ts';
import { staysQuiet } from '../support/quiet.ts';
import { missing, ready, readyz } from '../support/ready.ts';
import { queues, said } from '../support/scenes.ts';
import { waitFor } from '../support/wait.ts';

/** The application starts while a part of the system is not there, and goes on when the part comes. */

const ended: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  await closePhones();
  for (const end of ended.splice(0).reverse()) await end();
});

const parts = async (clinic: Clinic) => (await readyz(clinic)).parts;

describe('started without Redis', () => {
  it('the exchange serves by itself; with Redis there the call is told and new ones are taken', async () => {
    const redis = await startPrivateRedis();
    ended.push(() => redis.remove());
    await redis.kill();
    const clinic = await startClinic({ env: { REDIS_URL: redis.url }, awaitReady: false });
    ended.push(() => clinic.close());
    const isQuiet = staysQuiet(clinic);
    const call = await dialClinic({ number: '1378' });
    // By the exchange's own word: how well a recording is recognised is not the question here.
    await waitFor(inFallback, 40_000);
    expect(await parts(clinic)).toEqual({ postgres: true, redis: false, calls: false });
    const figures = await figuresOf(clinic.url);
    expect([figures.value('clinic_redis_up'), figures.value('clinic_postgres_up')]).toEqual([0, 1]);
    isQuiet();
    void call.hangup();
    await call.ended;

    await redis.start();
    await ready(clinic);
    await waitFor(async () => (await rowsOf(clinic, call.callId)).length > 0);
    const scene = await queues(clinic);
    void scene.call.hangup();
    await callRow(clinic, scene.id);
    await expectNothingLeft(clinic);
  }, 90_000);
});

describe('started without PostgreSQL', () => {
  it('calls are led by what Redis knows, and written down when it comes', async () => {
    const postgres = await startPrivatePostgres();
    ended.push(() => postgres.remove());
    await migrate(postgres.url, pino({ level: 'silent' }));
    // The hours cannot be read either: without them the clinic is open from 8 to 16.
    const env = { DATABASE_URL: postgres.url, CLINIC_TIMEZONE: whereItIsNoon(), WRAP_UP_SECONDS: '0' };
    const clinic = await startClinic({ env, awaitReady: false });
    ended.push(() => clinic.close());
    await ready(clinic);
    const expert = await expertPhone(clinic, await addExpert(clinic, 'زهرا نوری', 'transport'));
    await clinic.stop();
    await postgres.kill();
    await clinic.start();
    await waitFor(async () => (await parts(clinic))['calls.calls'] === true);
    const scene = await queues(clinic);
    void (await expert.nextCall()).answer();
    await said(clinic, scene, 'call.answered');
    void scene.call.hangup();
    await said(clinic, scene, 'call.ended');
    await missing(clinic, 'postgres');
    const isQuiet = staysQuiet(clinic);
    await pause(5000);
    isQuiet();
    expect(await parts(clinic)).toMatchObject({ redis: true, 'calls.asterisk': true, 'calls.calls': true });
    expect((await figuresOf(clinic.url)).value('clinic_postgres_up')).toBe(0);

    await postgres.start();
    await ready(clinic);
    expect(await callRow(clinic, scene.id, (row) => row.state === 'ended')).toMatchObject({
      ending: 'answered',
    });
    const { entries } = await callStory(clinic, scene.id);
    expect(entries.map(({ seq }) => seq)).toEqual(entries.map((_, index) => index + 1));
    await expectNothingLeft(clinic);
  }, 90_000);
});

describe('started without the exchange', () => {
  it('it says so and waits, and takes calls when the exchange comes', async () => {
    const { clinic, proxy } = await startFarClinic({}, { refuse: true });
    ended.push(
      () => proxy.close(),
      () => clinic.close(),
    );
    const isQuiet = staysQuiet(clinic);
    await missing(clinic, 'calls.asterisk');
    expect(await parts(clinic)).toMatchObject({ postgres: true, redis: true });
    // Its attempts go on, at their longest pause.
    const made = proxy.made();
    await waitFor(() => proxy.made() > made + 4);
    const figures = await figuresOf(clinic.url);
    expect(figures.value('clinic_asterisk_link_ready')).toBe(0);
    expect(figures.value('clinic_line_ready', { part: 'asterisk' })).toBe(0);
    isQuiet();
    proxy.refuse(false);
    await ready(clinic);
    const scene = await queues(clinic);
    void scene.call.hangup();
    await callRow(clinic, scene.id);
    await expectNothingLeft(clinic);
  }, 60_000);
});

const inFallback = async (): Promise<boolean> =>
  (await ari<{ dialplan: { exten: string } }[]>('/channels')).some(
    ({ dialplan }) => dialplan.exten === 'ask',
  );

/** A zone without a name of its own in which it is between 12 and 13 now. */
function whereItIsNoon(): string {
  const east = 12 - new Date().getUTCHours();
  return `Etc/GMT${east >= 0 ? '-' : '+'}${Math.abs(east)}`;
}
