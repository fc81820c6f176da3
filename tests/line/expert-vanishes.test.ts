import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow, callStory } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone, hears, setPresence } from '../support/phones.ts';
import { startPrivateRedis, type PrivateServer } from '../support/private-servers.ts';
import { queues, said, type Scene } from '../support/scenes.ts';
import { endsAsOneTalk, hearEachOther, hearsMusic, mark, talks } from '../support/talk.ts';
import { waitFor } from '../support/wait.ts';

/** An expert's telephone that is gone without a word, as when its program is killed, while it rings and while they talk. */

const SAME_EXPERT_SECONDS = 15;
/** The promise to the citizen. */
const OFFERED_ON_WITHIN_MS = 5_000;
const LISTENED_SECONDS = 5;
/** Its beginning: on a busy machine seven seconds hardly arrive without a hitch. */
const CUT_OFF = { key: 'talk/cut-off', seconds: 2 };

let redis: PrivateServer;
let clinic: Clinic;
let first: string;
let second: string;

beforeAll(async () => {
  redis = await startPrivateRedis();
  const env = { WRAP_UP_SECONDS: '0', SAME_EXPERT_SECONDS: String(SAME_EXPERT_SECONDS) };
  clinic = await startClinic({ env: { ...env, REDIS_URL: redis.url } });
  first = await addExpert(clinic, 'لیلا کریمی', 'transport');
  second = await addExpert(clinic, 'حسین موسوی', 'transport');
});
afterEach(async () => {
  await closePhones();
  for (const expertId of [first, second]) await setPresence(clinic, expertId, 'offline');
  await expectNothingLeft(clinic);
});
afterAll(async () => {
  await clinic?.close();
  await redis?.remove();
});

/** When something was logged, in milliseconds since the epoch. */
const at = (line: Record<string, unknown>): number => new Date(line['time'] as string).getTime();

const byFault = (scene: Scene) => said(clinic, scene, 'segment.ended', (line) => line['by'] === 'fault');

/** Who was rung for this call, why, and what came of it; then its talks. */
async function storyOf({ id }: Scene) {
  const { offers, segments } = await callStory(clinic, id);
  return {
    offers: offers.map((offer) => `${offer.expertId} ${offer.result} ${offer.rule}`),
    segments: segments.map((segment) => `${segment.expertId} ${segment.endedBy}`),
  };
}

describe('while it rings', () => {
  it('another one rings within five seconds', async () => {
    const phone = await expertPhone(clinic, first);
    const scene = await queues(clinic);
    (await phone.nextCall()).ringing();
    const other = await expertPhone(clinic, second);
    const since = performance.now();
    phone.phone.vanish();
    const call = await other.nextCall();
    expect(performance.now() - since).toBeLessThan(OFFERED_ON_WITHIN_MS);
    void call.answer();
    await said(clinic, scene, 'call.answered');
    await hearEachOther({ citizen: scene.call, expert: call });
    void scene.call.hangup();
    await callRow(clinic, scene.id, (row) => row.state === 'ended');
  });

  it('so too when it is restarted meanwhile, so quickly that it was never away', async () => {
    const phone = await expertPhone(clinic, first);
    const scene = await queues(clinic);
    (await phone.nextCall()).ringing();
    const other = await expertPhone(clinic, second);
    const since = performance.now();
    phone.phone.vanish();
    await phone.again();
    void (await other.nextCall()).answer();
    expect(performance.now() - since).toBeLessThan(OFFERED_ON_WITHIN_MS);
    await said(clinic, scene, 'call.answered');
    void scene.call.hangup();
    await callRow(clinic, scene.id, (row) => row.state === 'ended');
    expect((await storyOf(scene)).offers[0]).toMatch(`${first} lost`);
  });

  it('so too after one that was dead already when it was to ring', async () => {
    // Somebody new: who lost a ring in the test before rests for as long as the exchange takes to find a telephone dead.
    const dead = await addExpert(clinic, 'سارا احمدی', 'transport');
    const phone = await expertPhone(clinic, dead, { ready: 'none' });
    const other = await expertPhone(clinic, second, { ready: 'none' });
    const scene = await queues(clinic);
    // Known to be there: the exchange asks a telephone for the first time when it has registered.
    await waitFor(async () => {
      const { body } = await clinic.api<{ status: { reachable: boolean } }>(`/experts/${dead}`);
      return body.status.reachable;
    });
    const since = performance.now();
    phone.phone.vanish();
    await setPresence(clinic, dead, 'ready');
    await said(clinic, scene, 'offer.made', (line) => line['expertId'] === dead);
    await setPresence(clinic, second, 'ready');
    void (await other.nextCall()).answer();
    expect(performance.now() - since).toBeLessThan(OFFERED_ON_WITHIN_MS);
    await said(clinic, scene, 'call.answered');
    void scene.call.hangup();
    await callRow(clinic, scene.id, (row) => row.state === 'ended');
    expect((await storyOf(scene)).offers).toEqual([
      `${dead} unreachable longest-waiting-to-longest-idle`,
      `${second} answered longest-waiting-to-longest-idle`,
    ]);
    await setPresence(clinic, dead, 'offline');
  });
});

describe('while they talk', () => {
  it('the citizen hears so and waits; back in time, the same expert is rung although another one is ready', async () => {
    const phone = await expertPhone(clinic, first);
    const { scene } = await talks(clinic, phone);
    await expertPhone(clinic, second);
    phone.phone.vanish();
    const lost = at(await byFault(scene));
    const back = await phone.again();
    const call = await back.nextCall();
    await hears(scene.call, CUT_OFF);
    await hearsMusic(scene.call);
    void call.answer();
    await said(clinic, scene, 'call.answered', (line) => at(line) > lost);
    await hearEachOther({ citizen: scene.call, expert: call });
    void scene.call.hangup();
    const row = await callRow(clinic, scene.id, (one) => one.state === 'ended');
    expect(row).toMatchObject({ ending: 'answered', expertId: first });
    expect(await storyOf(scene)).toEqual({
      offers: [`${first} answered longest-waiting-to-longest-idle`, `${first} answered same-expert-again`],
      segments: [`${first} fault`, `${first} citizen`],
    });
  });

  it('not back in time, another one is rung', async () => {
    const phone = await expertPhone(clinic, first);
    const { scene } = await talks(clinic, phone);
    const other = await expertPhone(clinic, second);
    phone.phone.vanish();
    const lost = at(await byFault(scene));
    void (await other.nextCall()).answer();
    const made = at(await said(clinic, scene, 'offer.made', (line) => line['expertId'] === second));
    expect(made - lost).toBeGreaterThanOrEqual(SAME_EXPERT_SECONDS * 1000 - 50);
    await said(clinic, scene, 'call.answered', (line) => line['expertId'] === second);
    void scene.call.hangup();
    await callRow(clinic, scene.id, (row) => row.state === 'ended');
    expect(await storyOf(scene)).toMatchObject({ segments: [`${first} fault`, `${second} citizen`] });
  });

  it('who was cut off comes before others who wait', async () => {
    const phone = await expertPhone(clinic, first);
    const { scene } = await talks(clinic, phone);
    const later = await queues(clinic, { from: '09129876543' });
    phone.phone.vanish();
    await byFault(scene);
    await hears(scene.call, CUT_OFF);
    await hearsMusic(scene.call);
    const other = await expertPhone(clinic, second, { ready: 'none' });
    const back = await phone.again();
    const again = await back.nextCall();
    void again.answer();
    await said(clinic, scene, 'offer.made', (line) => line['attempt'] === 2);
    await setPresence(clinic, second, 'ready');
    void (await other.nextCall()).answer();
    await said(clinic, later, 'call.answered', (line) => line['expertId'] === second);
    for (const one of [scene, later]) {
      void one.call.hangup();
      await callRow(clinic, one.id, (row) => row.state === 'ended');
    }
    expect((await storyOf(scene)).segments).toEqual([`${first} fault`, `${first} citizen`]);
  });

  it.each([
    [
      'the application is killed',
      async () => {
        await clinic.kill();
        await clinic.start();
      },
    ],
    [
      'Redis is emptied',
      async () => {
        const connection = new Redis(redis.url);
        await connection.flushall();
        await connection.quit();
        await clinic.logged('redis.restored');
      },
    ],
  ])('the same expert is still the one to be rung when %s meanwhile', async (_what, breaks) => {
    const phone = await expertPhone(clinic, first);
    const { scene } = await talks(clinic, phone);
    await expertPhone(clinic, second);
    phone.phone.vanish();
    await byFault(scene);
    await breaks();
    const back = await phone.again();
    void (await back.nextCall()).answer();
    const again = await said(clinic, scene, 'offer.made', (line) => line['attempt'] === 2);
    expect(again).toMatchObject({ expertId: first });
    await said(clinic, scene, 'call.answered', (line) => line['offerId'] === again['offerId']);
    void scene.call.hangup();
    await callRow(clinic, scene.id, (row) => row.state === 'ended');
    const { offers, segments } = await storyOf(scene);
    expect(offers.at(-1)).toBe(`${first} answered same-expert-again`);
    expect(segments).toEqual([`${first} fault`, `${first} citizen`]);
  });

  it('a telephone that is restarted so quickly that it was never away: the same expert is rung', async () => {
    const phone = await expertPhone(clinic, first);
    const { scene } = await talks(clinic, phone);
    phone.phone.vanish();
    const back = await phone.again();
    const since = performance.now();
    const call = await back.nextCall();
    // Without being looked for it would be found by the exchange's time-out for silence, 30 s.
    expect(performance.now() - since).toBeLessThan(20_000);
    void call.answer();
    await hearEachOther({ citizen: scene.call, expert: call });
    void scene.call.hangup();
    await callRow(clinic, scene.id, (row) => row.state === 'ended');
    expect((await storyOf(scene)).segments).toEqual([`${first} fault`, `${first} citizen`]);
  });

  it('an expert who is only no longer registered goes on talking', async () => {
    const phone = await expertPhone(clinic, first);
    const talk = await talks(clinic, phone);
    await hearEachOther(talk);
    expect((await phone.phone.register({ expires: 0, renew: false })).ok).toBe(true);
    // Longer than is listened.
    const since = mark(talk.citizen);
    await waitFor(() => since().length > LISTENED_SECONDS * 8_000, 30_000);
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, first);
  });

  it('an expert who holds need not be heard, registered or not', async () => {
    const phone = await expertPhone(clinic, first);
    const talk = await talks(clinic, phone);
    expect((await talk.expert.offer({ direction: 'inactive' })).status).toBe(200);
    await hearsMusic(talk.citizen);
    expect((await phone.phone.register({ expires: 0, renew: false })).ok).toBe(true);
    const since = mark(talk.citizen);
    await waitFor(() => since().length > LISTENED_SECONDS * 8_000, 30_000);
    expect((await talk.expert.offer()).status).toBe(200);
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, first);
  });

  it('an ordinary hang-up ends the call', async () => {
    const phone = await expertPhone(clinic, first);
    const { scene, expert } = await talks(clinic, phone);
    void expert.hangup();
    await hears(scene.call, { key: 'talk/goodbye', seconds: 1.5 });
    await callRow(clinic, scene.id, (row) => row.state === 'ended');
    expect(await storyOf(scene)).toMatchObject({ segments: [`${first} expert`] });
  });
});
