import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createPhone } from '../../src/stack/phone/phone.mjs';
import { callRow } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expectHeard, expertPhone, hears, setPresence } from '../support/phones.ts';
import { queues, said } from '../support/scenes.ts';
import { testStack } from '../support/stack.ts';
import { waitFor } from '../support/wait.ts';

/** The expert's telephone: registration, feature codes, wrap-up and outcome by keypad, and nothing else. */

let clinic: Clinic;
let e001: string;

beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '60' } });
  e001 = await addExpert(clinic, 'سارا محمدی', 'transport');
});
afterEach(async () => {
  await closePhones();
  await setPresence(clinic, e001, 'offline');
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

interface Expert {
  presence: { state: string; reason: string | null };
  status: { state: string; reachable: boolean; activity: string };
}
const expertRow = async () => (await clinic.api<Expert>(`/experts/${e001}`)).body;

describe('feature codes', () => {
  it.each([
    ['*45', 'ready', 'feature/ready'],
    ['*46', 'paused', 'feature/paused'],
    ['*47', 'offline', 'feature/offline'],
  ])('%s makes %s, says so, and is kept', async (code, state, prompt) => {
    const expert = await expertPhone(clinic, e001, { ready: 'none' });
    const call = await expert.phone.invite(code);
    expect(await call.ended).toMatchObject({ by: 'remote', status: 200 });
    expectHeard(call, prompt);
    await waitFor(async () => (await expertRow()).presence.state === state);
    expect((await expertRow()).status).toMatchObject({ state, reachable: true });
  });

  it('*5N in wrap-up keeps what came of the call; *45 ends the wrap-up', async () => {
    const expert = await expertPhone(clinic, e001);
    const first = await queues(clinic);
    const ring = await expert.nextCall();
    void ring.answer();
    await said(clinic, first, 'call.answered');
    void ring.hangup();
    await first.call.ended;
    expect(
      await callRow(clinic, first.id, (row) => row.state === 'wrap-up' && row.ending !== null),
    ).toMatchObject({
      ending: 'answered',
    });
    const second = await queues(clinic);
    await hears(second.call, 'queue/in-line');
    expect((await expertRow()).status.activity).toBe('wrap-up');
    await expert.dial('*53');
    expect((await callRow(clinic, first.id, (row) => row.outcome !== null)).outcome).toMatchObject({
      code: 'referred',
    });
    await expert.dial('*45');
    void (await expert.nextCall()).answer();
    await said(clinic, second, 'call.answered');
    void second.call.hangup();
    expect(await callRow(clinic, first.id, (row) => row.state === 'ended')).toMatchObject({ expertId: e001 });
  });

  it.each([
    ['*51', 'with no talk to say anything of', 'feature/no-outcome-missing'],
    ['*57', 'with a digit that means nothing', 'feature/refused'],
  ])('%s %s is answered audibly', async (code, _why, words) => {
    const other = await addExpert(clinic, 'پریسا کاظمی', 'finance');
    const expert = await expertPhone(clinic, other, { ready: 'none' });
    const call = await expert.phone.invite(code);
    await call.ended;
    expectHeard(call, words);
  });
});

describe("an expert's telephone", () => {
  it.each(['137', '1378', '09121234567', 'e002', '*44', '*4', '112', '_X.', '${EXTEN}'])(
    'cannot dial %s',
    async (target) => {
      const expert = await expertPhone(clinic, e001, { ready: 'none' });
      const call = await expert.phone.invite(target.startsWith('$') ? encodeURIComponent(target) : target);
      const { status } = await call.ended;
      expect(status).toBeGreaterThanOrEqual(400);
    },
  );

  it('cannot register with a wrong password, nor with that of another', async () => {
    await expertPhone(clinic, e001, { ready: 'none' });
    const { host, port } = testStack().sip.trunk;
    const thief = await createPhone({ server: { host, port }, username: e001, password: 'wrong' });
    expect((await thief.register()).ok).toBe(false);
    await thief.close();
  });

  it('loses its old password when a new one is issued', async () => {
    const old = await expertPhone(clinic, e001, { ready: 'none' });
    await expertPhone(clinic, e001, { ready: 'none' });
    const { host, port } = testStack().sip.trunk;
    const stale = await createPhone({ server: { host, port }, username: e001, password: old.password });
    expect((await stale.register()).ok).toBe(false);
    await stale.close();
  });
});

describe('a stranger', () => {
  it('who is not the trunk reaches neither 137 nor the clinic', async () => {
    const { host, port } = testStack().sip.trunk;
    const stranger = await createPhone({ server: { host, port }, username: 'stranger' });
    for (const number of ['137', '1378']) {
      const call = await stranger.invite(number);
      expect((await call.ended).status).toBeGreaterThanOrEqual(400);
    }
    await stranger.close();
  });
});
