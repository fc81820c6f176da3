import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, dialClinic, expectHeard, expertPhone, hears } from '../support/phones.ts';
import { callRow, type ApiCall } from '../support/calls.ts';

/** A citizen dials 137, presses 8, chooses, hears the place, talks and hangs up: the whole path on real parts. */

let clinic: Clinic;
let e001: string;

beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '2' } });
  e001 = await addExpert(clinic, 'مریم کریمی', 'transport');
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

describe('a citizen who dials 137 and presses 8', () => {
  it('hears every prompt in order, talks to the expert and leaves a whole record', async () => {
    const expert = await expertPhone(clinic, e001, { ready: 'none' });
    const call = await dialClinic({ from: '09121234567', digits: '' });
    await hears(call, 'm137/menu');
    await call.sendDigits('8');
    await clinic.logged('hours.checked', (line) => line['specialty'] === null);
    // The menu is heard out before the choice.
    await hears(call, 'clinic/menu');
    await call.sendDigits('2');
    const { callId } = (await clinic.logged('call.queued')) as unknown as { callId: string };
    await hears(call, 'queue/in-line');
    await expert.dial('*45');
    const offered = await expert.nextCall();
    offered.ringing();
    void offered.answer();
    await clinic.logged('call.answered', (line) => line['callId'] === callId);
    void call.hangup();
    await offered.ended;
    await clinic.logged('wrap-up.ended', (line) => line['callId'] === callId);

    const row: ApiCall = await callRow(clinic, callId, (one) => one.state === 'ended');
    expect(row).toMatchObject({
      direction: 'inbound',
      caller: '+989121234567',
      specialty: 'transport',
      ending: 'answered',
      expertId: e001,
    });
    expectHeard(
      call,
      'm137/greeting',
      'm137/menu',
      'clinic/greeting',
      'clinic/menu',
      'queue/you-are',
      'ordinal/1',
      'queue/in-line',
    );
  });
});
