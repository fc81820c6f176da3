import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone, hears } from '../support/phones.ts';
import { queues, said } from '../support/scenes.ts';
import { testStack } from '../support/stack.ts';
import { endsAsOneTalk, hearEachOther, hearsMusic, mark, talks } from '../support/talk.ts';
import { waitFor } from '../support/wait.ts';

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

describe('hold', () => {
  it('outlasts what ends a talk without sound, and the time-out counts again afterwards', async () => {
    const phone = await expertPhone(clinic, e001);
    await shortened(e001, '4');
    const talk = await talks(clinic, phone);
    await talk.expert.offer({ direction: 'sendonly' });
    const since = mark(talk.citizen);
    await waitFor(() => since().length > 9 * 8_000, 30_000);
    expect(talk.expert.state).toBe('talking');
    await hearsMusic(talk.citizen);
    await talk.expert.offer();
    await hearEachOther(talk);
    phone.phone.vanish();
    await said(clinic, talk.scene, 'segment.ended', (line) => line['by'] === 'fault');
    await hearsMusic(talk.citizen);
    void talk.citizen.hangup();
    await callRow(clinic, talk.scene.id);
  });

  it('by both at once ends for each when both have resumed', async () => {
    const phone = await expertPhone(clinic, e001);
    const talk = await talks(clinic, phone);
    await talk.expert.offer({ direction: 'sendonly' });
    await talk.citizen.offer({ direction: 'sendonly' });
    await talk.expert.offer();
    await hearsMusic(talk.expert);
    await talk.citizen.offer();
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
  });

  it('again and again in one talk', async () => {
    const phone = await expertPhone(clinic, e001);
    const talk = await talks(clinic, phone);
    for (const direction of ['sendonly', 'inactive', 'sendonly'] as const) {
      await talk.expert.offer({ direction });
      await hearsMusic(talk.citizen);
      await talk.expert.offer();
    }
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
  });

  it('in which the citizen hangs up, or the expert, ends as any talk does', async () => {
    const phone = await expertPhone(clinic, e001);
    const first = await talks(clinic, phone);
    await first.expert.offer({ direction: 'sendonly' });
    await endsAsOneTalk(clinic, first, e001);
    const second = await talks(clinic, phone);
    await second.expert.offer({ direction: 'sendonly' });
    void second.expert.hangup();
    await hears(second.citizen, 'talk/goodbye');
    expect(await callRow(clinic, second.scene.id, (row) => row.state === 'ended')).toMatchObject({
      ending: 'answered',
    });
  });

  it('by the citizen in the queue: the music is there again, and so is the place', async () => {
    const scene = await queues(clinic);
    await hearsMusic(scene.call);
    await scene.call.offer({ direction: 'sendonly' });
    await scene.call.offer();
    await hearsMusic(scene.call);
    await scene.call.offer({ direction: 'inactive' });
    const phone = await expertPhone(clinic, e001);
    const expert = await phone.nextCall();
    void expert.answer();
    await said(clinic, scene, 'call.answered');
    await scene.call.offer();
    const talk = { scene, citizen: scene.call, expert };
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
  });
});

/** The time-out of a talk without sound, for this telephone; the next account it is given has the usual one again. */
async function shortened(expertId: string, seconds: string): Promise<void> {
  const { url, username, password } = testStack().ari;
  const answer = await fetch(`${url}/ari/asterisk/config/dynamic/res_pjsip/endpoint/${expertId}`, {
    method: 'PUT',
    headers: {
      authorization: `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`,
      'content-type': 'application/json',
    },
    body: JSON.stringify({ fields: [{ attribute: 'rtp_timeout', value: seconds }] }),
  });
  expect(answer.status).toBe(200);
}
