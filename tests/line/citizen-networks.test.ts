import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { tone } from '../../src/stack/phone/tone.mjs';
import { callRow } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import {
  addExpert,
  citizen,
  closePhones,
  dialClinic,
  expertPhone,
  type CitizenOptions,
  type OutboundCall,
} from '../support/phones.ts';
import { idOf, queues, said } from '../support/scenes.ts';
import { endsAsOneTalk, hearEachOther, hearsMusic, talks } from '../support/talk.ts';

/** How the networks and exchanges that bring us citizens behave, on the wire. */

let clinic: Clinic;
let e001: string;

beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '0' } });
  e001 = await addExpert(clinic, 'حسین نوری', 'transport');
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

/** Keys 8 in the menu of 137 and 2 in the clinic's, each in its way, and hangs up in the queue. */
async function keysThrough(
  options: CitizenOptions,
  key: (call: OutboundCall, digit: string) => Promise<unknown>,
) {
  const call = await dialClinic({ ...options, digits: '' });
  await key(call, '8');
  const id = await idOf(clinic, call);
  await key(call, '2');
  const scene = { call, id };
  await said(clinic, scene, 'call.queued', (line) => line['specialty'] === 'transport');
  void call.hangup();
  await callRow(clinic, id);
}

const byInfo =
  (type: string, body: (digit: string) => string) => async (call: OutboundCall, digit: string) => {
    const answer = await call.request('INFO', { headers: [['Content-Type', type]], body: body(digit) });
    expect(answer.status).toBe(200);
  };

/** The two tones of a key (ITU-T Q.23), for the keys used here. */
const KEY_HZ: Record<string, [number, number]> = { '8': [852, 1336], '2': [697, 1336] };

function inTheSound(call: OutboundCall, digit: string): Promise<boolean> {
  const [low, high] = KEY_HZ[digit]!;
  const other = tone(high, 0.15);
  return call.playPcm(tone(low, 0.15).map((sample, at) => sample + other[at]!));
}

describe('keys', () => {
  it.each([
    ['INFO (dtmf-relay)', byInfo('application/dtmf-relay', (digit) => `Signal=${digit}\r\nDuration=160\r\n`)],
    ['INFO (dtmf-relay, written with spaces)', byInfo('application/dtmf-relay', (digit) => `Signal= ${digit}\nDuration= 250\n`)], // prettier-ignore
    ['INFO (dtmf)', byInfo('application/dtmf', (digit) => digit)],
  ])('by %s', async (_way, key) => {
    await keysThrough({}, key);
  });

  it('by INFO from a network that also offers no events', async () => {
    await keysThrough(
      { dtmfPayloadType: null },
      byInfo('application/dtmf-relay', (digit) => `Signal=${digit}\r\nDuration=160\r\n`),
    );
  });

  it('in the sound itself, where the network offers no events', async () => {
    await keysThrough({ dtmfPayloadType: null }, inTheSound);
  });

  it.each([96, 100, 101, 127])('by events of payload type %i', async (dtmfPayloadType) => {
    await keysThrough({ dtmfPayloadType }, (call, digit) => call.sendDigits(digit));
  });
});

describe('a call', () => {
  const second = (media: string) => (sdp: string) => `${sdp}${media}\r\n`;
  it.each<[string, CitizenOptions]>([
    ['in A-law only', { codecs: ['PCMA'] }],
    ['in µ-law only', { codecs: ['PCMU'] }],
    ['whose INVITE offers nothing', { delayed: true }],
    ['that requires reliable ringing', { headers: { Require: '100rel', Supported: '100rel' } }],
    ['with a session timer, refreshed by it', { headers: { Supported: 'timer', 'Session-Expires': '90;refresher=uac' } }], // prettier-ignore
    ['with a session timer, refreshed by us', { headers: { Supported: 'timer', 'Session-Expires': '90;refresher=uas' } }], // prettier-ignore
    [
      'that offers video beside the sound',
      { shape: second('m=video 40000 RTP/AVP 96\r\na=rtpmap:96 H264/90000') },
    ],
    ['that offers fax beside the sound', { shape: second('m=image 40002 udptl t38') }],
    ['that offers its own codecs first', { shape: (sdp) => sdp.replace(/RTP\/AVP /, 'RTP/AVP 18 9 4 ') }],
    ['from behind a router', { claims: '10.137.0.9' }],
  ])('%s', async (_way, options) => {
    const phone = await expertPhone(clinic, e001);
    const talk = await talks(clinic, phone, options);
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
  });

  it('with a session timer that is too short is told so (422), and comes about at once with a longer one', async () => {
    const timed = (seconds: number) => ({ headers: { Supported: 'timer', 'Session-Expires': `${seconds}` } });
    const refused = await (await citizen(timed(30))).dial('1378');
    expect(await refused.ended).toMatchObject({ status: 422 });
    const longest = Number(refused.header('Min-SE'));
    expect(longest).toBe(90);
    const scene = await queues(clinic, timed(longest));
    void scene.call.hangup();
    await callRow(clinic, scene.id);
  });

  it.each([
    ['OPTIONS', {}],
    ['INFO', {}],
    ['UPDATE', { headers: [['Session-Expires', '600;refresher=uac'], ['Supported', 'timer']] }], // prettier-ignore
  ] as [string, object][])(
    'in which the network asks %s is answered and goes on',
    async (method, content) => {
      const phone = await expertPhone(clinic, e001);
      const talk = await talks(clinic, phone);
      expect((await talk.citizen.request(method, content)).status).toBe(200);
      await hearEachOther(talk);
      await endsAsOneTalk(clinic, talk, e001);
    },
  );
});

describe('another description in mid-call', () => {
  it('for a fax is refused, and the call goes on', async () => {
    const phone = await expertPhone(clinic, e001);
    const talk = await talks(clinic, phone);
    const fax = (sdp: string) =>
      sdp.replace(/m=audio[^]*$/, 'm=image 40002 udptl t38\r\na=T38FaxVersion:0\r\n');
    expect((await talk.citizen.offer({ shape: fax })).status).toBe(488);
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
  });

  it('without any offer is answered by ours', async () => {
    const phone = await expertPhone(clinic, e001);
    const talk = await talks(clinic, phone);
    expect((await talk.citizen.offer({ shape: () => '' })).body).toContain('m=audio');
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
  });

  it.each([
    ['a re-INVITE', { method: 'INVITE', newPort: true }],
    ['an UPDATE', { method: 'UPDATE', newPort: true }],
  ] as const)('%s moves the sound to another port, in the queue and in the talk', async (_name, offer) => {
    const scene = await queues(clinic);
    expect((await scene.call.offer(offer)).status).toBe(200);
    await hearsMusic(scene.call);
    const phone = await expertPhone(clinic, e001);
    const expert = await phone.nextCall();
    void expert.answer();
    await said(clinic, scene, 'call.answered');
    const talk = { scene, citizen: scene.call, expert };
    await hearEachOther(talk);
    expect((await talk.citizen.offer(offer)).status).toBe(200);
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
  });
});
