import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { createPhone } from '../../src/stack/phone/phone.mjs';
import { exchange, ha1Of, openLine, type Line } from '../support/exchange.ts';
import { ari } from '../support/leftovers.ts';
import { recordingLog } from '../support/silent-log.ts';
import { waitFor } from '../support/wait.ts';

const USER = 'e981';
const REALM = 'clinic';
const PASSWORD = 'a-password-of-this-test-1';

type Phone = Awaited<ReturnType<typeof createPhone>>;
type InboundCall = Parameters<Parameters<Phone['onInvite']>[0]>[0];

let line: Line;
let phone: Phone;
const { log, lines: said } = recordingLog();

beforeAll(async () => {
  line = openLine({ log });
  await line.ready();
  await line.telephony.putSoftphone({ username: USER, realm: REALM, ha1: ha1Of(USER, REALM, PASSWORD) });
  const { host, port } = exchange().sip.trunk;
  phone = await createPhone({ server: { host, port }, username: USER, password: PASSWORD });
});

afterEach(() => {
  phone.onInvite(() => undefined);
});

afterAll(async () => {
  await phone.close();
  await line.telephony.removeSoftphone(USER);
  await line.telephony.close();
});

const telephony = () => line.telephony;

/** Rings the telephone; `behave` says what it does. */
async function ring(
  behave: (call: InboundCall) => void,
  extra: { variables?: Record<string, string> } = {},
): Promise<string> {
  const channelId = `exp-${randomUUID()}`;
  phone.onInvite(behave);
  const placed = await telephony().originate({
    channelId,
    endpoint: `PJSIP/${USER}`,
    args: ['expert', channelId],
    callerId: '"137" <137>',
    timeoutSeconds: 10,
    ...extra,
  });
  expect(placed).toBe('done');
  return channelId;
}

async function talk(extra: { variables?: Record<string, string> } = {}): Promise<string> {
  const channelId = await ring((call) => void call.answer(), extra);
  await line.event('channel-entered', ({ channel }) => channel.id === channelId);
  return channelId;
}

async function end(channelId: string): Promise<void> {
  await telephony().hangup(channelId);
  await line.event('channel-destroyed', (event) => event.channelId === channelId);
}

/** Where the exchange would ring a telephone, as it says itself. */
async function contactsOf(user: string): Promise<string[]> {
  const fields = await ari<{ attribute: string; value: string }[]>(
    `/asterisk/config/dynamic/res_pjsip/aor/${user}`,
  );
  return fields
    .filter(({ attribute, value }) => attribute === 'contact' && value !== '')
    .map(({ value }) => value);
}

const contactOf = ({ username, address }: Phone) => `sip:${username}@${address.host}:${address.port}`;

describe('a softphone', () => {
  test('that is pushed can register, is told as reachable once, and no refreshed registration is news', async () => {
    expect(await phone.register({ renew: false })).toMatchObject({ ok: true });
    await line.event('contact', ({ endpoint, reachable }) => endpoint === USER && reachable);
    await waitFor(async () => (await telephony().onlineEndpoints()).includes(USER));
    for (let refresh = 0; refresh < 3; refresh++)
      expect(await phone.register({ renew: false })).toMatchObject({ ok: true });
    await telephony().asteriskInfo();
    const news = line.events.filter((event) => event.type === 'contact' && event.endpoint === USER);
    expect(news).toHaveLength(1);
  });

  test('with a wrong password does not register', async () => {
    const { host, port } = exchange().sip.trunk;
    const stranger = await createPhone({
      server: { host, port },
      username: USER,
      password: 'not-the-password-2',
    });
    expect(await stranger.register({ renew: false })).toMatchObject({ ok: false });
    await stranger.close();
  });

  test('that came back on another port is one telephone, and stays reachable', async () => {
    const { host, port } = exchange().sip.trunk;
    const again = await createPhone({ server: { host, port }, username: USER, password: PASSWORD });
    const before = line.events.length;
    expect(await again.register({ renew: false })).toMatchObject({ ok: true });
    await waitFor(async () => (await telephony().onlineEndpoints()).includes(USER));
    const flaps = line.events.slice(before).filter((event) => event.type === 'contact' && !event.reachable);
    expect(flaps).toEqual([]);
    again.vanish();
    expect(await phone.register({ renew: false })).toMatchObject({ ok: true });
  });

  test('that signs off is told as no longer reachable, and originating to it says so', async () => {
    await phone.unregister();
    await line.event('contact', ({ endpoint, reachable }) => endpoint === USER && !reachable);
    await line.event('endpoint-state', ({ endpoint, online }) => endpoint === USER && !online);
    const request = { args: ['expert', 'x'], callerId: '137', timeoutSeconds: 5 };
    expect(
      await telephony().originate({ ...request, channelId: randomUUID(), endpoint: `PJSIP/${USER}` }),
    ).toBe('unreachable');
    expect(
      await telephony().originate({ ...request, channelId: randomUUID(), endpoint: 'PJSIP/e99999' }),
    ).toBe('unreachable');
    expect(await phone.register()).toMatchObject({ ok: true });
  });

  test.each([
    { username: 'e1\r\nX', realm: REALM, ha1: '0'.repeat(32) },
    { username: '../auth', realm: REALM, ha1: '0'.repeat(32) },
    { username: 'e982', realm: 'a realm', ha1: '0'.repeat(32) },
    { username: 'e982', realm: REALM, ha1: 'secret' },
  ])('with values that are none is refused: %o', async (account) => {
    await expect(telephony().putSoftphone(account)).rejects.toMatchObject({ code: 'value-refused' });
  });

  test('that is pushed again keeps its registration, and no address of an earlier one', async () => {
    const account = { username: USER, realm: REALM, ha1: ha1Of(USER, REALM, PASSWORD) };
    const { host, port } = exchange().sip.trunk;
    const first = await createPhone({ server: { host, port }, username: USER, password: PASSWORD });
    expect(await first.register({ renew: false })).toMatchObject({ ok: true });
    for (let push = 0; push < 3; push++) await telephony().putSoftphone(account);
    expect(await contactsOf(USER)).toEqual([contactOf(first)]);
    expect(await phone.register({ renew: false })).toMatchObject({ ok: true });
    expect(await contactsOf(USER)).toEqual([contactOf(phone)]);
    await first.close();
  });

  test('with a new password is no longer rung where the old one had registered', async () => {
    const user = 'e99998';
    const account = (password: string) => ({
      username: user,
      realm: REALM,
      ha1: ha1Of(user, REALM, password),
    });
    await telephony().putSoftphone(account('the-old-password-1'));
    const { host, port } = exchange().sip.trunk;
    const old = await createPhone({ server: { host, port }, username: user, password: 'the-old-password-1' });
    expect(await old.register({ renew: false })).toMatchObject({ ok: true });
    await telephony().putSoftphone(account('the-new-password-2'));
    expect(await contactsOf(user)).toEqual([]);
    expect(await old.register({ renew: false })).toMatchObject({ ok: false });
    await telephony().removeSoftphone(user);
    await old.close();
  });

  test('that is not there can be removed', async () => {
    await telephony().removeSoftphone('e98765');
    expect(await telephony().onlineEndpoints()).not.toContain('e98765');
  });
});

describe('a channel', () => {
  test('enters with its arguments, is listed with its variables, and its end tells the cause', async () => {
    const channelId = await talk({ variables: { CLINIC_CALL_ID: 'call-1' } });
    const entered = await line.event('channel-entered', ({ channel }) => channel.id === channelId);
    expect(entered.args).toEqual(['expert', channelId]);
    expect(Math.abs(entered.at - Date.now())).toBeLessThan(60_000);
    expect(
      await telephony().setVariables(channelId, { CLINIC_SPECIALTY: 'حمل و نقل', CLINIC_SCORE: 'a=b&c d,e' }),
    ).toBe('done');
    const listed = (await telephony().channels()).find(({ id }) => id === channelId);
    expect(listed).toMatchObject({ application: 'Stasis', state: 'Up' });
    expect(listed?.applicationData).toContain(`,expert,${channelId}`);
    expect(listed?.variables).toMatchObject({
      CLINIC_CALL_ID: 'call-1',
      CLINIC_SPECIALTY: 'حمل و نقل',
      CLINIC_SCORE: 'a=b&c d,e',
    });
    expect(await telephony().getVariable(channelId, 'CLINIC_CALL_ID')).toBe('call-1');
    expect(await telephony().setVariables(channelId, { 'TIMEOUT(absolute)': '0' })).toBe('done');
    expect(await telephony().watchChannel(channelId)).toBe('done');
    await telephony().hangup(channelId, 17);
    const destroyed = await line.event('channel-destroyed', (event) => event.channelId === channelId);
    expect(destroyed.cause).toBe(17);
    const order = line.events.flatMap((event) => {
      if (event.type === 'channel-entered') return event.channel.id === channelId ? [event.type] : [];
      return 'channelId' in event && event.channelId === channelId ? [event.type] : [];
    });
    expect(
      order.filter((type) => ['channel-entered', 'channel-left', 'channel-destroyed'].includes(type)),
    ).toEqual(['channel-entered', 'channel-left', 'channel-destroyed']);
  });

  test('originated twice under one id is one channel', async () => {
    const channelId = await ring((call) => void call.ringing());
    const again = {
      channelId,
      endpoint: `PJSIP/${USER}`,
      args: ['expert', 'x'],
      callerId: '137',
      timeoutSeconds: 5,
    };
    expect(await telephony().originate(again)).toBe('done');
    expect((await telephony().channels()).filter(({ id }) => id === channelId)).toHaveLength(1);
    await end(channelId);
  });

  test('whose originator has hung up is not placed', async () => {
    const request = {
      channelId: randomUUID(),
      endpoint: `PJSIP/${USER}`,
      args: ['expert', 'x'],
      callerId: '137',
      timeoutSeconds: 5,
    };
    expect(await telephony().originate({ ...request, originatorId: 'gone' })).toBe('gone');
  });

  test('plays its sounds and stops when told to; each end is told once', async () => {
    const channelId = await talk();
    const playbackId = `pb-${randomUUID()}`;
    expect(await telephony().play(channelId, playbackId, ['tone:ring'])).toBe('done');
    expect(await telephony().isPlaying(playbackId)).toBe(true);
    expect(await telephony().stopPlayback(playbackId)).toBe('done');
    await line.event('playback-finished', (event) => event.playbackId === playbackId);
    expect(await telephony().isPlaying(playbackId)).toBe(false);
    expect(await telephony().stopPlayback(playbackId)).toBe('gone');
    const missing = `pb-${randomUUID()}`;
    expect(await telephony().play(channelId, missing, ['no/such-sound'])).toBe('done');
    expect(await line.event('playback-finished', (event) => event.playbackId === missing)).toMatchObject({
      failed: true,
    });
    expect(
      line.events.filter((event) => event.type === 'playback-finished' && event.playbackId === playbackId),
    ).toHaveLength(1);
    expect(await telephony().startMusic(channelId)).toBe('done');
    expect(await telephony().stopMusic(channelId)).toBe('done');
    await end(channelId);
  });

  test('joins a bridge that is made once however often it is asked for, and is taken over without leaving it', async () => {
    const channelId = await talk();
    const bridgeId = `talk-${randomUUID()}`;
    await telephony().createBridge(bridgeId);
    await telephony().createBridge(bridgeId);
    expect(await telephony().addToBridge(bridgeId, channelId)).toBe('done');
    expect(await telephony().addToBridge(bridgeId, 'nobody')).toBe('gone');
    expect(await telephony().takeOver(channelId, ['expert', 'again'])).toBe('done');
    await line.event(
      'channel-entered',
      ({ channel, args }) => channel.id === channelId && args[1] === 'again',
    );
    expect(
      line.events.filter((event) => event.type === 'channel-left' && event.channelId === channelId),
    ).toEqual([]);
    expect((await telephony().bridges()).find(({ id }) => id === bridgeId)?.channelIds).toEqual([channelId]);
    expect(await telephony().removeFromBridge(bridgeId, channelId)).toBe('done');
    expect(await telephony().removeFromBridge(bridgeId, channelId)).toBe('gone');
    await end(channelId);
    expect(await telephony().destroyBridge(bridgeId)).toBe('done');
    expect(await telephony().destroyBridge(bridgeId)).toBe('gone');
  });

  test('can be handed back to the dialplan and is then no longer ours', async () => {
    const channelId = await talk();
    await telephony().watchChannel(channelId);
    expect(
      await telephony().continueInDialplan(channelId, {
        context: 'clinic-handover',
        extension: 'wait',
        priority: 1,
      }),
    ).toBe('done');
    await line.event('channel-left', (event) => event.channelId === channelId);
    await waitFor(async () => (await telephony().startMusic(channelId)) === 'gone');
    await end(channelId);
  });

  test('refused and cancelled rings are told with their causes', async () => {
    const refused = await ring((call) => call.reject(486));
    expect(await line.event('channel-destroyed', (event) => event.channelId === refused)).toMatchObject({
      cause: 17,
    });
    let cancelled = false;
    const rung = await ring((call) => {
      call.ringing();
      void call.ended.then(() => (cancelled = true));
    });
    await line.event('channel-state', (event) => event.channelId === rung && event.state === 'Ringing');
    await end(rung);
    await waitFor(() => cancelled);
  });

  test('that is gone is gone to every operation alike', async () => {
    const port = telephony();
    const outcomes = await Promise.all([
      port.answer('nobody'),
      port.hangup('nobody'),
      port.play('nobody', 'pb-x', ['clinic/menu']),
      port.stopPlayback('pb-x'),
      port.startMusic('nobody'),
      port.stopMusic('nobody'),
      port.setVariables('nobody', { A: '1' }),
      port.watchChannel('nobody'),
      port.continueInDialplan('nobody'),
      port.takeOver('nobody', ['citizen', 'menu']),
      port.removeFromBridge('nothing', 'nobody'),
      port.destroyBridge('nothing'),
      port.deleteStoredRecording('nothing/at-all'),
    ]);
    expect(outcomes.filter((outcome) => outcome !== 'gone')).toEqual([]);
    expect(await port.getVariable('nobody', 'A')).toBeNull();
    expect(await port.storedRecording('nothing/at-all')).toBeNull();
  });
});

test('a digit pressed once is told once', async () => {
  let inbound: InboundCall | undefined;
  const channelId = await ring((call) => {
    inbound = call;
    void call.answer();
  });
  await line.event('channel-entered', ({ channel }) => channel.id === channelId);
  await inbound?.sendDigits('1*');
  await line.event('digit', (event) => event.channelId === channelId && event.digit === '*');
  await end(channelId);
  const digits = line.events.filter((event) => event.type === 'digit' && event.channelId === channelId);
  expect(digits.map((event) => event.type === 'digit' && event.digit)).toEqual(['1', '*']);
});

describe('values', () => {
  test.each([
    ['a line break', () => telephony().answer('a\r\nb')],
    ['a control character', () => telephony().setVariables('x', { A: 'a\u0000b' })],
    ['a line break in a name', () => telephony().setVariables('x', { 'A\nB': 'a' })],
    ['nothing', () => telephony().answer('')],
    ['a comma in an argument', () => telephony().takeOver('x', ['a,b'])],
    ['a comma in a sound', () => telephony().play('x', 'y', ['a,sound:b'])],
  ])('%s is refused at our door', async (_what, request) => {
    await expect(request()).rejects.toMatchObject({ code: 'value-refused' });
  });
});

test('a dialplan extension runs on a channel of its own, whose idle half nobody sees', async () => {
  await telephony().runDialplan('clinic-handover', 'wait');
  const running = async () =>
    (await telephony().channels()).filter(({ name }) => name.startsWith('Local/wait@clinic-handover'));
  await waitFor(async () => (await running()).length === 1);
  const [half] = await running();
  expect(half?.id).toMatch(/^run-.*;2$/);
  await telephony().hangup(half?.id ?? '');
  await waitFor(async () => (await running()).length === 0);
});

test('Asterisk says who it is and since when it runs', async () => {
  const info = await telephony().asteriskInfo();
  expect(info.systemName).not.toBe('');
  expect(info.startedAt).toBeGreaterThan(Date.parse('2020-01-01'));
  expect(info.startedAt).toBeLessThan(Date.now());
});

test('neither a password nor its digest was logged, and no channel of ours is left', async () => {
  const everything = JSON.stringify(said);
  expect(said.length).toBeGreaterThan(5);
  for (const secret of [PASSWORD, ha1Of(USER, REALM, PASSWORD), exchange().ari.password])
    expect(everything).not.toContain(secret);
  await waitFor(async () => (await telephony().channels()).every(({ name }) => !name.includes(USER)));
});
