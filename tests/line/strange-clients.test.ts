import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, setPresence } from '../support/phones.ts';
import { sippCitizen, sippExpert } from '../support/sipp.ts';

/** SIPp as citizen and as expert: a client that shares no line of code with our own telephones. */

let clinic: Clinic;

beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '0' } });
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

describe('SIPp', () => {
  it('as citizen talks to SIPp as expert', async () => {
    const id = await addExpert(clinic, 'مهدی صادقی', 'finance');
    const account = await clinic.api<{ username: string; password: string }>(`/experts/${id}/softphone`, {
      method: 'POST',
    });
    const expert = await sippExpert({ ...account.body, holdSeconds: 2 });
    await setPresence(clinic, id, 'ready');
    const citizen = await sippCitizen({ digit: '4' });
    const entered = await clinic.logged('call.answered');
    const row = await callRow(clinic, String(entered['callId']), (one) => one.state === 'ended');
    const { exitCode } = await expert.stop();
    expect({ citizen: citizen.exitCode, expert: exitCode }).toEqual({ citizen: 0, expert: 0 });
    expect(row).toMatchObject({
      ending: 'answered',
      specialty: 'finance',
      expertId: id,
      caller: '+989120000137',
    });
  }, 120_000);
});
