import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findTone } from '../../src/stack/phone/tone.mjs';
import { callRow } from '../support/calls.ts';
import { exampleOf, faultsOf, startKamailio, type Kamailio } from '../support/kamailio.ts';
import { addExpert, closePhones, expertPhone, openPhone, type Phone } from '../support/phones.ts';
import { freePort } from '../support/ports.ts';
import { idOf } from '../support/scenes.ts';
import { startTrunkScene, type TrunkScene } from '../support/trunk.ts';
import { waitFor } from '../support/wait.ts';

/** Our example of Kamailio in front: provider → Kamailio → Asterisk, which knows Kamailio's address and no other. */

const PROVIDER = '127.0.0.2';
const EDGE = '127.0.0.3';
const STRANGER = '127.0.0.6';

let scene: TrunkScene;
let expertId: string;
let edge: { host: string; port: number };
let running: Kamailio | null = null;

beforeAll(async () => {
  scene = await startTrunkScene({ TRUNK_MATCH: EDGE });
  expertId = await addExpert(scene.clinic, 'سعید مرادی', 'finance');
});
afterEach(async () => {
  await closePhones();
  await running?.stop();
  running = null;
  await scene.expectNothingLeft();
});
afterAll(() => scene.close());

const asterisk = () => `${scene.exchange.host}:${scene.exchange.port}`;

async function startEdge(site: Partial<Parameters<typeof exampleOf>[0]> = {}): Promise<void> {
  edge = { host: EDGE, port: await freePort('udp') };
  running = await startKamailio(
    exampleOf({ ...edge, providers: [PROVIDER], asterisks: [asterisk()], ...site }),
    edge,
  );
}

const behind = (host: string, server = edge): Promise<Phone> =>
  openPhone({ server, host, username: '100', codecs: ['PCMA'] });

const asserted = { 'P-Asserted-Identity': '<sip:09351112233@provider.example>' };

describe('the configuration', () => {
  it.each([false, true])('is one to Kamailio (hiding the topology: %s)', (hideTopology) => {
    const site = { host: EDGE, port: 5060, providers: [PROVIDER], asterisks: ['127.0.0.1:5060'] };
    expect(faultsOf(exampleOf({ ...site, hideTopology }))).toBe('');
  });
});

describe('a call through Kamailio', () => {
  it.each([
    { hideTopology: false, leaves: 'citizen' },
    { hideTopology: true, leaves: 'expert' },
  ])('reaches an expert (%o)', async ({ hideTopology, leaves }) => {
    const { clinic } = scene;
    await startEdge({ hideTopology });
    const expert = await expertPhone(clinic, expertId);
    const phone = await behind(PROVIDER);
    const call = await phone.invite('137', { from: '100', headers: asserted });
    expect(await call.answered).toBe(true);
    await call.sendDigits('84');
    const id = await idOf(clinic, call);
    const offered = await expert.nextCall();
    await offered.answer();
    await clinic.logged('call.answered', (line) => line['callId'] === id);
    await Promise.all([call.playTone(700, 0.5), offered.playTone(1_150, 0.5)]);
    await waitFor(() => findTone(call.recording().pcm, 1_150).seconds > 0.3);
    await waitFor(() => findTone(offered.recording().pcm, 700).seconds > 0.3);
    await (leaves === 'citizen' ? call.hangup() : offered.hangup());
    await Promise.all([call.ended, offered.ended]);
    expect(await callRow(clinic, id)).toMatchObject({ ending: 'answered', caller: '+989351112233' });
    const heard = phone.trace.filter(({ direction }) => direction === 'in').map(({ text }) => text);
    // In SDP it must stand: the sound does not pass Kamailio.
    const heads = heard.map((text) => text.split('\r\n\r\n')[0]).join('\n');
    expect(heads.includes(asterisk())).toBe(!hideTopology);
  });

  it('is answered with 503 beyond the rate, and the rest goes on', async () => {
    await startEdge({ callsPerSecond: 3 });
    const phone = await behind(PROVIDER);
    // A number that is not ours: Asterisk's own word is 404.
    const calls = await Promise.all(Array.from({ length: 20 }, () => phone.invite('13')));
    const ends = await Promise.all(calls.map((call) => call.ended));
    const statuses = new Set(ends.map(({ status }) => status));
    expect(statuses).toEqual(new Set([404, 503]));
    const refused = calls.find((call) => call.response?.status === 503);
    expect(refused?.header('retry-after')).toBe('5');
  });

  it('is tried at the second Asterisk when the first is silent, and there again when it is back', async () => {
    const first = await behind('127.0.0.9', { host: '127.0.0.1', port: 9 });
    first.setDeaf(true);
    await startEdge({
      asterisks: [`${first.address.host}:${first.address.port}`, asterisk()],
      pingSeconds: 1,
    });
    const phone = await behind(PROVIDER);
    expect((await (await phone.invite('13')).ended).status).toBe(404);
    first.setDeaf(false);
    first.onInvite((call) => call.reject(486));
    await waitFor(async () => (await (await phone.invite('13')).ended).status === 486, 20_000, 500);
  });
});

describe('an operator', () => {
  it('sees Asterisk come back into use by its answer to OPTIONS', async () => {
    await startEdge({ pingSeconds: 1 });
    running!.command('dispatcher.set_state', 'ip', '1', `sip:${asterisk()}`);
    const states = () => /FLAGS: (\w+)/.exec(running!.command('dispatcher.list'))?.[1];
    await waitFor(() => states() === 'AP', 20_000, 200);
  });

  it('leads all calls round us without a restart, and back', async () => {
    await startEdge();
    const platform = await behind('127.0.0.4', { host: '127.0.0.1', port: 9 });
    platform.onInvite((call) => call.reject(486));
    const phone = await behind(PROVIDER);
    const reloaded = () => expect(running!.command('dispatcher.reload')).toContain('Ok');
    const statusOf = async () => (await (await phone.invite('13')).ended).status;
    expect(await statusOf()).toBe(404);
    running!.rewrite('dispatcher.list', `1 sip:${platform.address.host}:${platform.address.port} 0 10`);
    reloaded();
    expect(await statusOf()).toBe(486);
    running!.rewrite('dispatcher.list', `1 sip:${asterisk()} 0 10`);
    reloaded();
    expect(await statusOf()).toBe(404);
  });
});

describe('a stranger', () => {
  it('hears nothing from Kamailio, not even a no', async () => {
    await startEdge();
    const stranger = await behind(STRANGER);
    await stranger.invite('137', { headers: asserted });
    const citizen = await (await behind(PROVIDER)).invite('13');
    expect((await citizen.ended).status).toBe(404);
    expect(stranger.trace.filter(({ direction }) => direction === 'in')).toEqual([]);
    stranger.vanish();
  });

  it('gets no further at Asterisk itself than a demand for a password', async () => {
    await startEdge();
    for (const host of [STRANGER, PROVIDER]) {
      const phone = await behind(host, scene.exchange);
      expect((await (await phone.invite('137', { headers: asserted })).ended).status).toBe(401);
    }
  });
});
