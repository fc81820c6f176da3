import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callRow, callStory } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, dialClinic, expertPhone, hears, setPresence } from '../support/phones.ts';
import { idOf, queues, said } from '../support/scenes.ts';
import { waitFor } from '../support/wait.ts';

/** The process that has the calls is gone, or stands still, for longer than a restart takes; another one watches. */

const TIMES = { WRAP_UP_SECONDS: '1', CLINIC_ROLES: 'calls,web,jobs' };
const GONE_WITHIN_MS = 40_000;
/** Their beginnings: on a busy machine a phrase heard whole may have a hole. */
const APOLOGY = { key: 'fallback/apology', seconds: 2 };
const MESSAGE = { key: 'fallback/message', seconds: 2 };

let clinic: Clinic;
let watch: Clinic;
let e001: string;

beforeEach(async () => {
  clinic = await startClinic({ env: TIMES });
  const { databaseUrl, redisUrl } = clinic;
  const env = { CLINIC_ROLES: 'web,watch', DATABASE_URL: databaseUrl, REDIS_URL: redisUrl };
  watch = await startClinic({ env, open: false, awaitReady: false });
  e001 = await addExpert(clinic, 'حسین مرادی', 'transport');
});
afterEach(async () => {
  await closePhones();
  await watch.close();
  await clinic.close();
});

const gone = () => watch.logged('application.gone', undefined, GONE_WITHIN_MS);

describe('the application is gone for a minute', () => {
  it('the waiting are taken to the message service and find their place again; a talk goes on; whoever is left alone is let go', async () => {
    const expert = await expertPhone(clinic, e001);
    const talking = await queues(clinic, { from: '09120000020' });
    const leg = await expert.nextCall();
    void leg.answer();
    await said(clinic, talking, 'call.answered');
    // Asked for nobody before all are back: they come back one by one.
    await setPresence(clinic, e001, 'paused');
    const first = await queues(clinic, { from: '09120000041' });
    const writer = await queues(clinic, { from: '09120000042' });
    const third = await queues(clinic, { from: '09120000043' });
    await clinic.kill();
    const stranger = await dialClinic({ number: '1378', from: '09120000060' });
    expect(await gone()).toMatchObject({ alarm: true });
    expect(leg.state).toBe('talking');
    for (const { call } of [first, writer, third]) await hears(call, APOLOGY, 60_000);
    // One leaves a message and hangs up; the others stay.
    await hears(writer.call, MESSAGE, 60_000);
    // A key ends the instruction.
    await writer.call.sendDigits('1');
    await writer.call.playTone(440, 5);
    void writer.call.hangup();
    // The expert hangs up: nobody is there to tell the citizen.
    void leg.hangup();
    expect(await talking.call.ended).toMatchObject({ by: 'remote' });
    await hears(stranger, APOLOGY, 60_000);

    await clinic.start();
    await watch.logged('application.back');
    await said(clinic, first, 'call.came-back', undefined);
    await said(clinic, third, 'call.came-back');
    // A newcomer stands behind those who were there before.
    const late = await queues(clinic, { from: '09120000070' });
    await setPresence(clinic, e001, 'ready');
    for (const scene of [first, third, late]) {
      const ring = await expert.nextCall();
      void ring.answer();
      await said(clinic, scene, 'call.answered');
      void ring.hangup();
      await said(clinic, scene, 'segment.ended');
    }
    for (const { id } of [talking, first, third, late]) {
      expect(await callRow(clinic, id, (row) => row.state === 'ended')).toMatchObject({ ending: 'answered' });
      const { entries } = await callStory(clinic, id);
      expect(entries.filter(({ kind }) => kind === 'call.ended')).toHaveLength(1);
    }
    // The message comes after the end: the exchange hands it over by itself.
    const left = await callRow(clinic, writer.id, ({ ending }) => ending === 'voicemail');
    expect(left).toMatchObject({ specialty: 'transport' });
    const kinds = (await callStory(clinic, writer.id)).entries.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'message.kept')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'call.ended')).toHaveLength(1);
    await idOf(clinic, stranger);
    void stranger.hangup();
    await expectNothingLeft(clinic);
  }, 300_000);
});

describe('the application stands still with its socket open', () => {
  it('new citizens are not sent to it, the waiting are taken on; when it goes on they have their place', async () => {
    const waiting = await queues(clinic, { from: '09120000041' });
    process.kill(clinic.pid, 'SIGSTOP');
    try {
      await gone();
      await hears(waiting.call, APOLOGY, 60_000);
      const stranger = await dialClinic({ number: '1378', from: '09120000060' });
      await hears(stranger, APOLOGY, 40_000);
      void stranger.hangup();
    } finally {
      process.kill(clinic.pid, 'SIGCONT');
    }
    await watch.logged('application.back');
    await said(clinic, waiting, 'call.came-back', undefined);
    const expert = await expertPhone(clinic, e001);
    void (await expert.nextCall()).answer();
    await said(clinic, waiting, 'call.answered');
    void waiting.call.hangup();
    await callRow(clinic, waiting.id, (row) => row.state === 'ended');
    await waitFor(async () =>
      (await callStory(clinic, waiting.id)).entries.some(({ kind }) => kind === 'call.ended'),
    );
    await expectNothingLeft(clinic);
  }, 240_000);
});
