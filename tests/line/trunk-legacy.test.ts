import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createPhone } from '../../src/stack/phone/phone.mjs';
import { findTone } from '../../src/stack/phone/tone.mjs';
import { callRow, storyKinds } from '../support/calls.ts';
import {
  closePhones,
  hears,
  openPhone,
  type InboundCall,
  type OutboundCall,
  type Phone,
} from '../support/phones.ts';
import { freePort } from '../support/ports.ts';
import { idOf } from '../support/scenes.ts';
import { sippPlatform } from '../support/sipp.ts';
import { startTrunkScene, type TrunkScene } from '../support/trunk.ts';
import { waitFor } from '../support/wait.ts';

/** The city's existing 137 platform: behind us it gets the other digits of our menu, in front of us it hands over option 8. */

const PROVIDER = '127.0.0.2';
const PLATFORM = '127.0.0.4';
const CALLER = '+989351112233';

let scene: TrunkScene;
let platform: Phone;

afterEach(async () => {
  await closePhones();
  await scene.expectNothingLeft();
});

async function begin(environment: Record<string, string>): Promise<void> {
  // It is asked for by name later; until then nobody needs to know Asterisk's port.
  platform = await createPhone({
    server: { host: '127.0.0.1', port: 9 },
    host: PLATFORM,
    username: 'platform',
  });
  scene = await startTrunkScene({
    TRUNK_MATCH: `${PROVIDER},${PLATFORM}`,
    LEGACY_137_URI: `sip:${PLATFORM}:${platform.address.port}`,
    LEGACY_137_RING_SECONDS: '5',
    ...environment,
  });
}

async function end(): Promise<void> {
  await scene.close();
  await platform.close();
}

const nextAtPlatform = (): Promise<InboundCall> => new Promise((resolve) => platform.onInvite(resolve));

async function dial(
  number: string,
  { host = PROVIDER, headers = {} }: { host?: string; headers?: Record<string, string> } = {},
): Promise<OutboundCall> {
  const phone = await openPhone({ server: scene.exchange, host, username: '100', codecs: ['PCMA'] });
  const asserted = { 'P-Asserted-Identity': `<sip:${CALLER}@provider.example>` };
  const call = await phone.invite(number, { from: '100', headers: { ...asserted, ...headers } });
  expect(await call.answered).toBe(true);
  return call;
}

async function talk(one: OutboundCall, other: InboundCall): Promise<void> {
  // Again while it is not heard: an answered call may still be on its way to being one.
  await waitFor(async () => {
    await Promise.all([one.playTone(700, 0.5), other.playTone(1_150, 0.5)]);
    const heard = [findTone(one.recording().pcm, 1_150), findTone(other.recording().pcm, 700)];
    return heard.every(({ seconds }) => seconds > 0.3);
  });
}

const QUALIFIED_WITHIN_MS = 40_000;

describe('the platform behind us', () => {
  beforeAll(() => begin({}));
  afterAll(end);

  it('gets the digit behind the number, the caller, his voice and his further digits', async () => {
    const arrives = nextAtPlatform();
    const call = await dial('137');
    await call.sendDigits('3');
    const handed = await arrives;
    expect(handed.target).toBe('1373');
    expect(handed.from.number).toBe(CALLER);
    expect(handed.assertedIdentities.map(({ number }) => number)).toEqual([CALLER]);
    handed.ringing();
    await handed.answer();
    await talk(call, handed);
    await call.sendDigits('42');
    const digits = () => handed.events.filter(({ type }) => type === 'digit').map((event) => event['digit']);
    await waitFor(() => digits().join('') === '42');
    await handed.hangup();
    expect((await call.ended).by).toBe('remote');
  });

  it('does not get a number that the citizen withholds, but that it is withheld', async () => {
    const arrives = nextAtPlatform();
    const call = await dial('137', { headers: { Privacy: 'id' } });
    await call.sendDigits('3');
    const handed = await arrives;
    await handed.answer();
    const sent = JSON.stringify(handed.invite);
    expect(sent).not.toContain('9351112233');
    expect(handed.header('privacy')).toBe('id');
    expect(handed.from.uri).toBe('sip:anonymous@anonymous.invalid');
    await call.hangup();
    await handed.ended;
  });

  it('hears of a citizen who hangs up while it rings', async () => {
    const arrives = nextAtPlatform();
    const call = await dial('137');
    await call.sendDigits('3');
    const handed = await arrives;
    handed.ringing();
    await call.hangup();
    expect(await handed.ended).toMatchObject({ status: 487 });
  });

  it.each([
    ['is busy', (call: InboundCall) => call.reject(486)],
    ['refuses', (call: InboundCall) => call.reject(503)],
    ['does not know the digit', (call: InboundCall) => call.reject(404)],
    ['rings without end', (call: InboundCall) => call.ringing()],
    ['says nothing', (call: InboundCall) => call.ignore()],
  ])('that %s leaves the citizen with a clear word, the menu, and the clinic', async (_, treat) => {
    platform.onInvite(treat);
    const call = await dial('137');
    await call.sendDigits('3');
    await hears(call, 'm137/no-legacy');
    await call.sendDigits('8');
    const id = await idOf(scene.clinic, call);
    void call.hangup();
    expect(await callRow(scene.clinic, id)).toMatchObject({ ending: 'abandoned', caller: CALLER });
  });
});

describe('the platform behind us, by SIPp', () => {
  let sipp: Awaited<ReturnType<typeof sippPlatform>>;
  beforeAll(async () => {
    const port = await freePort('udp');
    sipp = await sippPlatform({ host: PLATFORM, port, holdSeconds: 2 });
    await begin({ LEGACY_137_URI: `sip:${PLATFORM}:${port}` });
    // Asked for the first time before SIPp listens, it is asked again after 30 s.
    await waitFor(
      async () => (await scene.exchange.endpoint('legacy-137')).state === 'online',
      QUALIFIED_WITHIN_MS,
    );
  }, 2 * QUALIFIED_WITHIN_MS);
  afterAll(end);

  it('takes the call and ends it', async () => {
    const call = await dial('137');
    await call.sendDigits('2');
    expect((await call.ended).by).toBe('remote');
    expect((await sipp.stop()).exitCode).toBe(0);
  });
});

describe('the platform behind us with a menu of its own', () => {
  beforeAll(() => begin({ LEGACY_137_KEYED: 'yes', LEGACY_137_NUMBER: '1370' }));
  afterAll(end);

  it('gets its number, and the digit keyed when it has answered', async () => {
    const arrives = nextAtPlatform();
    const call = await dial('137');
    await call.sendDigits('6');
    const handed = await arrives;
    expect(handed.target).toBe('1370');
    await handed.answer();
    expect(await handed.until('digit')).toMatchObject({ digit: '6' });
    await talk(call, handed);
    await call.hangup();
    await handed.ended;
  });

  it('that refuses leaves no number behind that nobody has keyed', async () => {
    platform.onInvite((call) => call.reject(486));
    const call = await dial('137');
    await call.sendDigits('6');
    await hears(call, 'm137/no-legacy');
    await call.sendDigits('8');
    const id = await idOf(scene.clinic, call);
    void call.hangup();
    await callRow(scene.clinic, id);
    // A hand-over of the exchange's own is a channel of it.
    await scene.expectNothingLeft();
    expect(await storyKinds(scene.clinic, id)).not.toContain('number.kept');
  });
});

describe('the platform in front of us', () => {
  beforeAll(async () => begin({ LEGACY_137_URI: `sip:${PLATFORM}:${await freePort('udp')}` }));
  afterAll(end);

  it('that is behind us too, but not there, is told as such at once', async () => {
    const call = await dial('137');
    await call.sendDigits('2');
    await hears(call, 'm137/no-legacy');
    void call.hangup();
    await call.ended;
  });

  it('hands option 8 over as 1378: the clinic at once, without our menu', async () => {
    const call = await dial('1378', { host: PLATFORM });
    const id = await idOf(scene.clinic, call);
    await hears(call, { key: 'clinic/greeting', seconds: 1 });
    await call.hangup();
    expect(await callRow(scene.clinic, id)).toMatchObject({ caller: CALLER, ending: 'abandoned' });
  });

  it('may as well dial 137 and key the 8 itself', async () => {
    const call = await dial('137', { host: PLATFORM });
    await call.sendDigits('8');
    const id = await idOf(scene.clinic, call);
    await call.hangup();
    expect(await callRow(scene.clinic, id)).toMatchObject({ caller: CALLER, ending: 'abandoned' });
  });
});
