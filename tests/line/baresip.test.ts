import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findTone } from '../../src/stack/phone/tone.mjs';
import {
  BARESIP_HZ,
  startBaresip,
  stopBaresips,
  type Baresip,
  type BaresipOptions,
} from '../support/baresip.ts';
import { callRow, callStory } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { startGateway } from '../support/gateway.ts';
import { ari, expectNothingLeft } from '../support/leftovers.ts';
import {
  addExpert,
  closePhones,
  expertPhone,
  hears,
  setPresence,
  softphoneOf,
  type OutboundCall,
} from '../support/phones.ts';
import { queues, said } from '../support/scenes.ts';
import { testStack } from '../support/stack.ts';
import { endsAsOneTalk, hearsMusic, mark } from '../support/talk.ts';
import { waitFor } from '../support/wait.ts';

/** baresip, a softphone that real people use: as an expert's, over each transport, and as a citizen's. */

let clinic: Clinic;
let e001: string;
const CITIZEN_HZ = 600;

beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '0' } });
  e001 = await addExpert(clinic, 'لیلا مرادی', 'transport');
});
afterEach(async () => {
  await stopBaresips();
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

/** Registered with the account the application issues, and ready. */
async function baresipExpert(options: Omit<BaresipOptions, 'address'> = {}): Promise<Baresip> {
  const { username, password, domain, port } = await softphoneOf(clinic, e001);
  const at = options.transport === 'tls' ? testStack().ports.sipTls : port;
  const baresip = await startBaresip({ address: `${username}@${domain}:${at}`, password, ...options });
  await waitFor(
    async () => (await ari<{ state: string }>(`/endpoints/PJSIP/${username}`)).state === 'online',
  );
  await setPresence(clinic, e001, 'ready');
  return baresip;
}

interface Expert {
  presence: { state: string };
}

async function talksWith(baresip: Baresip) {
  const scene = await queues(clinic);
  await baresip.event('CALL_INCOMING');
  await baresip.command('accept');
  await said(clinic, scene, 'call.answered');
  return { scene, citizen: scene.call };
}

async function hearsBaresip(call: OutboundCall): Promise<void> {
  const since = mark(call);
  await waitFor(() => findTone(since(), BARESIP_HZ).seconds >= 0.5, 10_000, 100);
}

const legOf = async (prefix: string) =>
  (await ari<{ id: string }[]>('/channels')).find(({ id }) => id.startsWith(prefix))?.id;

describe('baresip as an expert', () => {
  it.each<[string, Omit<BaresipOptions, 'address'>, string]>([
    ['by UDP', {}, '0'],
    ['by TCP', { transport: 'tcp' }, '0'],
    ['by TLS with SRTP', { transport: 'tls', account: ['mediaenc=srtp'] }, '1'],
    ['with nothing but Opus', { codecs: ['opus/48000/2'] }, '0'],
    ['with µ-law', { codecs: ['PCMU/8000/1'] }, '0'],
  ])('%s: both voices are heard, and it is one talk', async (_name, options, secure) => {
    const baresip = await baresipExpert(options);
    const talk = await talksWith(baresip);
    void talk.citizen.playTone(CITIZEN_HZ, 3);
    await hearsBaresip(talk.citizen);
    const path = `/channels/${await legOf('exp-')}/variable?variable=CHANNEL(rtp,secure)`;
    expect((await ari<{ value: string }>(path)).value).toBe(secure);
    await talk.citizen.playTone(CITIZEN_HZ, 1);
    await endsAsOneTalk(clinic, { ...talk }, e001);
    await baresip.event('CALL_CLOSED');
    expect(findTone(baresip.recording(), CITIZEN_HZ).seconds).toBeGreaterThan(0.5);
  });

  it('holds and resumes: music meanwhile, the talk afterwards', async () => {
    const baresip = await baresipExpert();
    const talk = await talksWith(baresip);
    await hearsBaresip(talk.citizen);
    await baresip.command('hold');
    await hearsMusic(talk.citizen);
    await baresip.command('resume');
    await hearsBaresip(talk.citizen);
    await endsAsOneTalk(clinic, talk, e001);
  });

  // Of its own accord baresip hangs up once a transfer was refused; other telephones go on talking (transfers.test.ts).
  it('cannot transfer the citizen: no call leaves, and its own goodbye is one like any other', async () => {
    const baresip = await baresipExpert();
    const talk = await talksWith(baresip);
    await baresip.command('transfer', 'sip:09121111111@127.0.0.1');
    expect((await baresip.event('TRANSFER_FAILED')).param).toBe('603 Decline');
    await hears(talk.citizen, 'talk/goodbye');
    expect(await callRow(clinic, talk.scene.id, (row) => row.state === 'ended')).toMatchObject({
      ending: 'answered',
      expertId: e001,
    });
  });

  it.each(['srtp', 'srtp-mand'])('dials a code by TLS, with %s', async (encryption) => {
    const baresip = await baresipExpert({ transport: 'tls', account: [`mediaenc=${encryption}`] });
    const at = `127.0.0.1:${testStack().ports.sipTls};transport=tls`;
    await baresip.command('dial', `sip:*46@${at}`);
    await baresip.event('CALL_ESTABLISHED');
    await baresip.event('CALL_CLOSED');
    const state = async () => (await clinic.api<Expert>(`/experts/${e001}`)).body.presence.state;
    await waitFor(async () => (await state()) === 'paused');
  });

  // The exchange offers SRTP inside RTP/AVP; who takes RTP/SAVP only refuses that (see dialplan/softphones.md).
  it('that insists on RTP/SAVP is passed over, and the citizen goes on waiting', async () => {
    await baresipExpert({ transport: 'tls', account: ['mediaenc=srtp-mand'] });
    const scene = await queues(clinic);
    await said(clinic, scene, 'offer.ended');
    await hearsMusic(scene.call);
    void scene.call.hangup();
    await callRow(clinic, scene.id);
    expect((await callStory(clinic, scene.id)).offers[0]).toMatchObject({
      expertId: e001,
      result: 'declined',
    });
  });

  it('hangs up: the wrap-up follows as after any talk', async () => {
    const baresip = await baresipExpert();
    const talk = await talksWith(baresip);
    await baresip.command('hangup');
    expect(await callRow(clinic, talk.scene.id, (row) => row.state === 'ended')).toMatchObject({
      ending: 'answered',
      expertId: e001,
    });
  });
});

describe('baresip as a citizen', () => {
  it('dials 137, keys 8 and 2, talks to the expert and hangs up', async () => {
    const gateway = await startGateway();
    const expert = await expertPhone(clinic, e001);
    const baresip = await startBaresip({ address: `09127654321@${gateway.host}:${gateway.port}` });
    await baresip.command('dial', `sip:137@${gateway.host}:${gateway.port}`);
    const { id: sipCallId } = await baresip.event('CALL_ESTABLISHED');
    await baresip.command('sndcode', '8');
    const entered = await clinic.logged('call.entered', (line) => line['sipCallId'] === sipCallId);
    const id = String(entered['callId']);
    await baresip.command('sndcode', '2');
    const call = await expert.nextCall();
    void call.answer();
    await clinic.logged('call.answered', (line) => line['callId'] === id);
    void call.playTone(CITIZEN_HZ, 1);
    await waitFor(() => findTone(call.recording().pcm, BARESIP_HZ).seconds >= 0.5, 10_000, 100);
    await call.playTone(CITIZEN_HZ, 0.5);
    await baresip.command('hangup');
    expect(await call.ended).toMatchObject({ by: 'remote' });
    expect(await callRow(clinic, id, (row) => row.state === 'ended')).toMatchObject({
      ...{ ending: 'answered', caller: '+989127654321', specialty: 'transport', expertId: e001 },
    });
    expect(findTone(baresip.recording(), CITIZEN_HZ).seconds).toBeGreaterThan(0.5);
    await gateway.close();
  });
});
