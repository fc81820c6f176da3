import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone } from '../support/phones.ts';
import { endsAsOneTalk, hearEachOther, hearsMusic, talks } from '../support/talk.ts';

/** Hold and resume, in every way telephones say it, from either side. */

let clinic: Clinic;
let e001: string;

beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '0' } });
  e001 = await addExpert(clinic, 'نرگس رضایی', 'transport');
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

/** RFC 2543's way of saying hold, still that of older gateways. */
const nowhere = (sdp: string) => sdp.replace(/^c=IN IP4 .*$/m, 'c=IN IP4 0.0.0.0');

const WAYS = [
  ['sendonly', { direction: 'sendonly' }],
  ['inactive', { direction: 'inactive' }],
  ['sendonly by UPDATE', { method: 'UPDATE', direction: 'sendonly' }],
  [
    'the address 0.0.0.0',
    { direction: 'sendonly', shape: (sdp: string) => nowhere(sdp).replace('a=sendonly', 'a=sendrecv') },
  ],
  ['inactive with the address 0.0.0.0', { direction: 'inactive', shape: nowhere }],
] as const;

describe.each(['expert', 'citizen'] as const)('hold by the %s', (holder) => {
  const held = holder === 'expert' ? 'citizen' : 'expert';

  it.each(WAYS)('by %s: the other hears music, then the talk goes on', async (_way, hold) => {
    const phone = await expertPhone(clinic, e001);
    const talk = await talks(clinic, phone);
    await hearEachOther(talk);
    expect((await talk[holder].offer(hold)).status).toBe(200);
    await hearsMusic(talk[held]);
    expect((await talk[holder].offer()).status).toBe(200);
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
  });
});
