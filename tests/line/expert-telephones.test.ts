import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findTone } from '../../src/stack/phone/tone.mjs';
import { callRow, callStory } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { ari, expectNothingLeft } from '../support/leftovers.ts';
import {
  addExpert,
  closePhones,
  expectHeard,
  expertPhone,
  setPresence,
  type ExpertPhone,
  type InboundCall,
} from '../support/phones.ts';
import { queues, said } from '../support/scenes.ts';
import { testStack } from '../support/stack.ts';
import { endsAsOneTalk, hearEachOther, talks } from '../support/talk.ts';

/** How softphones and desk telephones of many makes behave as an expert's, on the wire. */

let clinic: Clinic;
let e001: string;

beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '0' } });
  e001 = await addExpert(clinic, 'فاطمه حسینی', 'transport');
});
afterEach(async () => {
  await closePhones();
  await setPresence(clinic, e001, 'offline');
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

const TIMED = ['Session-Expires', '90;refresher=uac'] as [string, string];

async function rung(phone: ExpertPhone) {
  const scene = await queues(clinic);
  return { scene, citizen: scene.call, expert: await phone.nextCall() };
}

describe('before the answer', () => {
  it('early sound (183 with a description) is no answer, and is not heard by the citizen', async () => {
    const phone = await expertPhone(clinic, e001);
    const talk = await rung(phone);
    talk.expert.ringing();
    talk.expert.progress(183, { sound: true });
    await talk.expert.playTone(1_000, 1);
    expect((await ari<{ state: string }[]>('/channels')).map(({ state }) => state)).toContain('Ringing');
    const { entries } = await callStory(clinic, talk.scene.id);
    expect(entries.map(({ kind }) => kind)).not.toContain('call.answered');
    expect(findTone(talk.citizen.recording().pcm, 1_000).seconds).toBe(0);
    void talk.expert.answer();
    await said(clinic, talk.scene, 'call.answered');
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
  });

  it('183 without a description, 180 twice, then an answer', async () => {
    const phone = await expertPhone(clinic, e001);
    const talk = await rung(phone);
    for (const status of [183, 180, 180, 182]) talk.expert.progress(status);
    void talk.expert.answer();
    await said(clinic, talk.scene, 'call.answered');
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
  });

  it('an answer without any ringing', async () => {
    const phone = await expertPhone(clinic, e001);
    const talk = await talks(clinic, phone);
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
  });

  it('a reliable 183 (100rel) is acknowledged by PRACK', async () => {
    const phone = await expertPhone(clinic, e001);
    const talk = await rung(phone);
    talk.expert.progress(183, { sound: true, headers: [['Require', '100rel'], ['RSeq', '4711']] }); // prettier-ignore
    expect(await talk.expert.until('request')).toMatchObject({ method: 'PRACK' });
    void talk.expert.answer();
    await said(clinic, talk.scene, 'call.answered');
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
  });

  it('a session timer that is too short for it (422) is lengthened, and the same offer goes on', async () => {
    const phone = await expertPhone(clinic, e001);
    const scene = await queues(clinic);
    (await phone.nextCall()).reject(422, [['Min-SE', '1800']]);
    const expert = await phone.nextCall();
    expect(expert.header('Session-Expires')).toMatch(/^1800/);
    void expert.answer();
    await said(clinic, scene, 'call.answered');
    await hearEachOther({ citizen: scene.call, expert });
    await endsAsOneTalk(clinic, { scene }, e001);
  });
});

describe('descriptions', () => {
  const video = (sdp: string) => `${sdp}m=video 40000 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n`;
  const opusFirst = (sdp: string) =>
    sdp.replace(/RTP\/AVP /, 'RTP/AVP 107 ').replace('a=ptime', 'a=rtpmap:107 opus/48000/2\r\na=ptime');
  const many = (sdp: string) =>
    sdp
      .replace(/RTP\/AVP /, 'RTP/AVP 9 18 3 104 ')
      .replace(
        'a=ptime',
        'a=rtpmap:9 G722/8000\r\na=rtpmap:18 G729/8000\r\na=rtpmap:104 iLBC/8000\r\na=ptime',
      );

  it.each([
    ['A-law only', { codecs: ['PCMA'] as 'PCMA'[] }],
    ['µ-law only', { codecs: ['PCMU'] as 'PCMU'[] }],
    ['no digits at all', { dtmfPayloadType: null }],
    ['many codecs, ours among the last', { shape: many }],
    ['a video stream in the answer', { shape: video }],
    ['no direction', { shape: (sdp: string) => sdp.replace(/a=sendrecv\r\n/, '') }],
  ])('an answer with %s', async (_name, ways) => {
    const phone = await expertPhone(clinic, e001, ways);
    const talk = await talks(clinic, phone);
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
  });

  it.each([
    ['video beside the sound', video],
    ['Opus first', opusFirst],
  ])('a new offer of %s in the talk: the sound goes on', async (_name, shape) => {
    const phone = await expertPhone(clinic, e001);
    const talk = await talks(clinic, phone);
    expect((await talk.expert.offer({ shape })).status).toBe(200);
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
  });
});

describe('in the talk', () => {
  it.each([
    ['a re-INVITE', { method: 'INVITE', newPort: true }],
    ['an UPDATE', { method: 'UPDATE', newPort: true }],
  ] as const)('%s moves the sound to another port', async (_name, offer) => {
    const phone = await expertPhone(clinic, e001);
    const talk = await talks(clinic, phone);
    await hearEachOther(talk);
    expect((await talk.expert.offer(offer)).status).toBe(200);
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
  });

  it.each([
    ['OPTIONS', 'nothing', {}],
    ['INFO', 'nothing', {}],
    ['INFO', 'a key', { headers: [['Content-Type', 'application/dtmf-relay']], body: 'Signal=5\r\n' }],
    ['UPDATE', 'a session timer', { headers: [TIMED] }],
  ] as [string, string, object][])(
    '%s with %s is answered, and the talk goes on',
    async (method, _what, content) => {
      const phone = await expertPhone(clinic, e001);
      const talk = await talks(clinic, phone);
      expect((await talk.expert.request(method, content)).status).toBe(200);
      await hearEachOther(talk);
      await endsAsOneTalk(clinic, talk, e001);
    },
  );

  it('a telephone that wants to refresh the session itself may do so', async () => {
    const phone = await expertPhone(clinic, e001);
    const refreshing: [string, string][] = [['Session-Expires', '90;refresher=uas'], ['Require', 'timer']]; // prettier-ignore
    const answer = (call: InboundCall) => call.answer({ headers: refreshing });
    const talk = await talks(clinic, phone, { answer });
    for (const method of ['UPDATE', 'INVITE'] as const)
      expect((await talk.expert.offer({ method, headers: [TIMED] })).status).toBe(200);
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
  });

  it('the exchange refreshes the session, whether the telephone knows of timers or not', async () => {
    const phone = await expertPhone(clinic, e001);
    const talk = await talks(clinic, phone);
    expect(talk.expert.header('Session-Expires')).toMatch(/^90/);
    const refresh = await talk.expert.until('request');
    expect(refresh).toMatchObject({ method: 'UPDATE' });
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
  });
});

describe('feature codes', () => {
  it.each([
    ['escaped', (at: string) => `sip:%2A45@${at}`],
    ['as a telephone number', (at: string) => `sip:*45@${at};user=phone`],
    ['with parameters in the user part', (at: string) => `sip:*45;phone-context=clinic@${at}`],
  ])('written %s are understood', async (_way, target) => {
    const expert = await expertPhone(clinic, e001, { ready: 'none' });
    const { host, port } = testStack().sip.trunk;
    const call = await expert.phone.invite(target(`${host}:${port}`));
    expect(await call.ended).toMatchObject({ by: 'remote', status: 200 });
    expectHeard(call, 'feature/ready');
  });
});

describe('a telephone behind a router', () => {
  it('that knows only its private address is rung, heard and spoken to', async () => {
    const phone = await expertPhone(clinic, e001, { claims: '10.137.0.8' });
    const talk = await talks(clinic, phone);
    await talk.expert.playTone(500, 0.2);
    await hearEachOther(talk);
    expect((await talk.expert.offer({ direction: 'sendonly' })).status).toBe(200);
    expect((await talk.expert.offer()).status).toBe(200);
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
  });
});

describe('two telephones with one account', () => {
  it('the one that registered last is rung; the first can take the place back', async () => {
    const first = await expertPhone(clinic, e001);
    const second = await first.again();
    const talk = await talks(clinic, second);
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
    expect((await first.phone.register()).ok).toBe(true);
    const back = await talks(clinic, first);
    expect(second.phone.liveCalls()).toBe(0);
    await endsAsOneTalk(clinic, back, e001);
  });

  it('a talk on the first one goes on when the second registers', async () => {
    const first = await expertPhone(clinic, e001);
    const talk = await talks(clinic, first);
    await first.again();
    await hearEachOther(talk);
    await endsAsOneTalk(clinic, talk, e001);
  });

  it('renewing a registration, even each second, leaves one telephone that is rung once', async () => {
    const phone = await expertPhone(clinic, e001);
    for (let time = 0; time < 5; time += 1) expect((await phone.phone.register()).ok).toBe(true);
    const talk = await talks(clinic, phone);
    await endsAsOneTalk(clinic, talk, e001);
    expect(await callRow(clinic, talk.scene.id)).toMatchObject({ expertId: e001 });
  });
});
