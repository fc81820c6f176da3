import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { findTone } from '../../src/stack/phone/tone.mjs';
import { projectPath } from '../../src/platform/root.ts';
import { callRow } from '../support/calls.ts';
import { startKamailio, type Kamailio } from '../support/kamailio.ts';
import { ari } from '../support/leftovers.ts';
import {
  addExpert,
  closePhones,
  expertPhone,
  hears,
  openPhone,
  type InboundCall,
  type Phone,
} from '../support/phones.ts';
import { freePort } from '../support/ports.ts';
import { idOf } from '../support/scenes.ts';
import { testStack } from '../support/stack.ts';
import { startTrunkScene, type TrunkScene } from '../support/trunk.ts';
import { waitFor } from '../support/wait.ts';

/** A provider that wants us to register (Kamailio as its registrar): calls come back on that registration alone. */

const PROVIDER = '127.0.0.5';
const CITIZEN = '127.0.0.2';
const USER = '02112345137';
/** Everything a provider may put into one, but for what a value may not hold. */
const PASSWORD = `s3cret=#1%&*?'~,:@[`;
const DIRECT = '02112341378';

describe.each(['udp', 'tcp', 'tls'])('a provider we register with over %s', (transport) => {
  let scene: TrunkScene;
  let kamailio: Kamailio;
  let provider: { host: string; port: number };
  let tlsPort: number;
  /** The outward test's, whose address the provider knows. */
  let called: Phone;

  beforeAll(async () => {
    provider = { host: PROVIDER, port: await freePort() };
    tlsPort = await freePort();
    called = await openPhone({ server: provider, host: CITIZEN, username: 'citizen' });
    kamailio = await startKamailio(
      () => ({ cfg: projectPath('tests', 'support', 'kamailio', 'provider.cfg'), beside: site() }),
      provider,
    );
    const at = `sip:${provider.host}:${transport === 'tls' ? tlsPort : provider.port}`;
    scene = await startTrunkScene({
      ...{ TRUNK_REGISTRAR: at, TRUNK_URIS: at, TRUNK_TRANSPORT: transport },
      ...{ TRUNK_DOMAIN: 'provider.example', TRUNK_USER: USER, TRUNK_PASSWORD: PASSWORD },
      TRUNK_DIRECT_NUMBERS: DIRECT,
    });
    await waitFor(() => registrations().length > 0, 20_000);
  });
  afterEach(async () => {
    await scene.expectNothingLeft();
  });
  afterAll(async () => {
    await closePhones();
    await scene.close();
    await kamailio.stop();
  });

  function site(): Record<string, string> {
    const values = {
      ...{ PROVIDER_ADDRESS: provider.host, PROVIDER_PORT: provider.port, GRANTED_SECONDS: 15 },
      ...{ PROVIDER_USER: USER, PROVIDER_PASSWORD: PASSWORD },
      ...{ PROVIDER_TLS_PORT: tlsPort, TLS_FOLDER: join(testStack().asterisk.soundsDir, '..', '..', 'tls') },
      CITIZEN_URI: `sip:citizen@${called.address.host}:${called.address.port}`,
    };
    const lines = Object.entries(values).map(([name, value]) => `#!substdef "!${name}!${value}!g"`);
    if (transport === 'tls') lines.unshift('#!define WITH_TLS');
    return { 'site.cfg': lines.join('\n') };
  }

  const registrations = (): string[] =>
    kamailio
      .output()
      .split('\n')
      .filter((line) => line.includes(`registered user=${USER}`));

  it('is registered with our account, over that transport, and again before it ends', async () => {
    expect(registrations()[0]).toMatch(
      new RegExp(`contact=<sip:${USER}@.*;line=\\w+.*via=${transport}`, 'i'),
    );
    const numbers = () => new Set(registrations().map((line) => /cseq=(\d+)/.exec(line)?.[1]));
    await waitFor(() => numbers().size >= 2, 40_000, 100);
  });

  it('brings a citizen to an expert, the number standing in To', async () => {
    const { clinic } = scene;
    const expert = await expertPhone(clinic, await addExpert(clinic, 'رضا کاظمی', 'transport'));
    const phone = await openPhone({ server: provider, host: CITIZEN, username: '100', codecs: ['PCMA'] });
    const headers = { 'P-Asserted-Identity': '<sip:+989351112233@provider.example>' };
    const call = await phone.invite(DIRECT, { from: '100', headers });
    expect(await call.answered).toBe(true);
    const id = await idOf(clinic, call);
    await call.sendDigits('2');
    const offered = await expert.nextCall();
    await offered.answer();
    await clinic.logged('call.answered', (line) => line['callId'] === id);
    await Promise.all([call.playTone(700, 0.5), offered.playTone(1_150, 0.5)]);
    await waitFor(() => findTone(call.recording().pcm, 1_150).seconds > 0.3);
    await waitFor(() => findTone(offered.recording().pcm, 700).seconds > 0.3);
    await call.hangup();
    expect(await callRow(clinic, id)).toMatchObject({ ending: 'answered', caller: '+989351112233' });
  });

  it('brings a citizen who dialled our account itself to the menu', async () => {
    const phone = await openPhone({ server: provider, host: CITIZEN, username: '100' });
    const call = await phone.invite(USER, { from: '100' });
    await hears(call, { key: 'm137/greeting', seconds: 1 });
    await call.hangup();
  });

  it('is not believed by its address: what does not come on the registration gets nothing', async () => {
    const phone = await openPhone({ server: scene.exchange, host: PROVIDER, username: '100' });
    expect((await (await phone.invite(DIRECT)).ended).status).toBe(401);
    expect(await ari('/channels', scene.exchange.ari)).toEqual([]);
  });

  it('takes calls outward against the password, under our account', async () => {
    await waitFor(async () => (await scene.exchange.endpoint('trunk-137')).state === 'online', 40_000, 100);
    const arrives = new Promise<InboundCall>((resolve) => called.onInvite(resolve));
    const { url, username, password } = scene.exchange.ari;
    const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
    const wanted = {
      endpoint: 'PJSIP/citizen@trunk-137',
      context: 'clinic-handover',
      extension: 'wait',
      priority: 1,
    };
    const asked = await fetch(`${url}/ari/channels`, {
      ...{ method: 'POST', headers: { authorization, 'content-type': 'application/json' } },
      body: JSON.stringify(wanted),
    });
    expect(asked.status).toBe(200);
    const call = await arrives;
    expect(call.from.uri).toBe(`sip:${USER}@provider.example`);
    expect(await call.answer()).toBe(true);
    await call.hangup();
  });
});
