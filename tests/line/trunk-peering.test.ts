import { randomUUID } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createPhone } from '../../src/stack/phone/phone.mjs';
import { findTone } from '../../src/stack/phone/tone.mjs';
import { callRow } from '../support/calls.ts';
import { ari } from '../support/leftovers.ts';
import {
  addExpert,
  closePhones,
  expertPhone,
  hears,
  openPhone,
  type OutboundCall,
  type Phone,
} from '../support/phones.ts';
import { idOf } from '../support/scenes.ts';
import { startTrunkScene, type TrunkScene } from '../support/trunk.ts';
import { waitFor } from '../support/wait.ts';

/** A provider that is known by its addresses: no registration, no password, P-Asserted-Identity believed from there alone. */

const PROVIDER = '127.0.0.2';
/** In 127.0.0.32/28. */
const GATEWAY = '127.0.0.33';
const STRANGERS = ['127.0.0.1', '127.0.0.48', '127.0.0.6'];
const MENU = '02112345137';
const DIRECT = '02112341378';

let scene: TrunkScene;
/** The provider's exchange, which is asked by OPTIONS. */
let provider: Phone;

beforeAll(async () => {
  // Asterisk's port is not known yet; this telephone only answers.
  provider = await createPhone({
    server: { host: '127.0.0.1', port: 9 },
    host: PROVIDER,
    username: 'exchange',
  });
  scene = await startTrunkScene({
    TRUNK_MATCH: `${PROVIDER},127.0.0.32/28`,
    TRUNK_URIS: `sip:${PROVIDER}:${provider.address.port}`,
    TRUNK_MENU_NUMBERS: `${MENU},clinicaccount`,
    TRUNK_DIRECT_NUMBERS: DIRECT,
  });
});
afterEach(async () => {
  await closePhones();
  await scene.expectNothingLeft();
});
afterAll(async () => {
  await scene.close();
  await provider.close();
});

interface Dialled {
  host?: string;
  number?: string;
  to?: string;
  headers?: Record<string, string>;
}

/** A call as a provider hands it over: From is the provider's own business, the caller stands in P-Asserted-Identity. */
async function dial({ host = PROVIDER, number = DIRECT, to, headers }: Dialled): Promise<OutboundCall> {
  const { exchange } = scene;
  const phone = await openPhone({
    ...{ server: { host: exchange.host, port: exchange.port }, host, username: '100', codecs: ['PCMA'] },
  });
  const place = `${exchange.host}:${exchange.port}`;
  return phone.invite(`sip:${number === '' ? '' : `${number}@`}${place}`, {
    from: '100',
    ...(to === undefined ? {} : { to }),
    headers: headers ?? { 'P-Asserted-Identity': '<sip:09351112233@provider.example>' },
  });
}

/** As switches ask whether the other one is there: nobody in particular. */
async function answerToOptions(host: string): Promise<number> {
  const { exchange } = scene;
  const socket = createSocket('udp4');
  socket.bind(0, host);
  await once(socket, 'listening');
  const own = `${host}:${socket.address().port}`;
  const lines = [
    `OPTIONS sip:${exchange.host}:${exchange.port} SIP/2.0`,
    `Via: SIP/2.0/UDP ${own};rport;branch=z9hG4bK${randomUUID()}`,
    `From: <sip:${own}>;tag=1`,
    `To: <sip:${exchange.host}>`,
    `Call-ID: ${randomUUID()}`,
    ...['CSeq: 1 OPTIONS', 'Max-Forwards: 70', 'Content-Length: 0', '', ''],
  ];
  socket.send(lines.join('\r\n'), exchange.port, exchange.host);
  const [answer] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  return Number(/^SIP\/2\.0 (\d+)/.exec(answer.toString())?.[1]);
}

async function callerOf(asserted: string, more: Record<string, string> = {}) {
  const call = await dial({ headers: { 'P-Asserted-Identity': asserted, ...more } });
  const id = await idOf(scene.clinic, call);
  void call.hangup();
  const { caller } = await callRow(scene.clinic, id);
  return caller;
}

describe('a provider known by its address', () => {
  it('is asked by OPTIONS whether it is there', async () => {
    await waitFor(async () => (await scene.exchange.endpoint('trunk-137')).state === 'online');
    expect(provider.trace.some(({ text }) => text.startsWith('OPTIONS '))).toBe(true);
  });

  it('asks us the same and hears 200, a stranger 401', async () => {
    expect(await answerToOptions(PROVIDER)).toBe(200);
    expect(await answerToOptions('127.0.0.6')).toBe(401);
  });

  it.each([PROVIDER, GATEWAY])('brings a citizen from %s through the menu to an expert', async (host) => {
    const { clinic } = scene;
    const expert = await expertPhone(clinic, await addExpert(clinic, 'نرگس احمدی', 'transport'));
    const call = await dial({ host, number: '137' });
    await hears(call, { key: 'm137/greeting', seconds: 1 });
    expect(call.response?.body).toMatch(/m=audio \d+ RTP\/AVP 8 \d+/);
    await call.sendDigits('8');
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

  it.each(STRANGERS)('is the only one: %s gets no call through, whatever it asserts', async (host) => {
    for (const number of ['137', '1378', DIRECT]) {
      const call = await dial({ host, number });
      expect(await call.answered).toBe(false);
      expect((await call.ended).status).toBe(401);
    }
    expect(await ari('/channels', scene.exchange.ari)).toEqual([]);
  });
});

describe("the caller's number", () => {
  it.each([
    '<sip:+989351112233@provider.example>',
    '<sip:00989351112233@provider.example;user=phone>',
    '<sip:09351112233@provider.example>',
    '"0935" <sip:9351112233@provider.example>',
    '<tel:+989351112233>',
  ])('asserted as %s is the same mobile', async (asserted) => {
    expect(await callerOf(asserted)).toBe('+989351112233');
  });

  it.each(['+982188112233', '00982188112233', '02188112233', '2188112233', '88112233'])(
    'asserted as %s is the same telephone in Tehran',
    async (number) => {
      expect(await callerOf(`<sip:${number}@provider.example>`)).toBe('+982188112233');
    },
  );

  it('is nobody where the citizen withholds it', async () => {
    expect(await callerOf('<sip:09351112233@provider.example>', { Privacy: 'id' })).toBeNull();
  });
});

describe('the number that was dialled', () => {
  it.each([
    ['as we are called here', { number: '137' }, 'm137/greeting'],
    ['nationally', { number: MENU }, 'm137/greeting'],
    ['with + and the country', { number: '+982112345137' }, 'm137/greeting'],
    ['with 00 and the country', { number: '00982112345137' }, 'm137/greeting'],
    ['with the country alone', { number: '982112345137' }, 'm137/greeting'],
    ['without its 0', { number: '2112345137' }, 'm137/greeting'],
    ['by our account', { number: 'clinicaccount' }, 'm137/greeting'],
    [
      'in To, our account being asked for',
      { number: 'line42', to: `sip:${DIRECT}@provider` },
      'clinic/greeting',
    ],
    ['in To, nobody being asked for', { number: '', to: `sip:+982112341378@provider` }, 'clinic/greeting'],
    ['directly', { number: DIRECT }, 'clinic/greeting'],
  ])('reaches us %s', async (_, dialled, prompt) => {
    const call = await dial(dialled);
    expect(await call.answered).toBe(true);
    await hears(call, { key: prompt, seconds: 1 });
    void call.hangup();
    await call.ended;
  });

  it.each([
    { number: '02112345138' },
    { number: '1379', to: 'sip:provider' },
    { number: 's', to: 'sip:09121234567@provider' },
    { number: '00989121234567', to: `sip:${DIRECT}@provider` },
    { number: 'e001', to: 'sip:e001@provider' },
  ])('that is not ours ($number, $to) gets 404', async (dialled) => {
    const call = await dial(dialled);
    expect((await call.ended).status).toBe(404);
  });
});
