import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseCseq, token, type SipResponse } from '../../src/stack/phone/sip.mjs';
import { callRow } from '../support/calls.ts';
import { startClinic, type Clinic, type LogLine } from '../support/clinic.ts';
import { createAttacker, probe, replyTo, type Attacker } from '../support/hostile/attacker.ts';
import { goodCall } from '../support/hostile/good-call.ts';
import { mediaOf, openMedia, type Media } from '../support/hostile/media.ts';
import { sdp, SDP_TYPE, write, type Spec } from '../support/hostile/message.ts';
import { random } from '../support/random.ts';
import { witness, type Witness } from '../support/hostile/witness.ts';
import { ari, expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone, type ExpertPhone } from '../support/phones.ts';
import { enters, said } from '../support/scenes.ts';
import { waitFor } from '../support/wait.ts';

/** Who gets as far as a call, or wants to: what it says, keys, offers and dials leads nowhere but into the clinic. */

const CALLER = '127.66.1.2';

let clinic: Clinic;
let expert: ExpertPhone;
let seen: Witness;
const open: { close(): Promise<void> }[] = [];

beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '0', NEVER_BLOCK: '127.0.0.1,127.66.1.0/24' } });
  expert = await expertPhone(clinic, await addExpert(clinic, 'نرگس رضایی', 'transport'), { expires: 3_600 });
});
beforeEach(async () => {
  seen = await witness();
});
afterEach(async () => {
  for (const each of open.splice(0)) await each.close();
  expect(await seen.faults()).toEqual([]);
  expect(await goodCall(clinic, expert)).toMatchObject({ ending: 'answered', expertId: expert.expertId });
  await expectNothingLeft(clinic);
});
afterAll(async () => {
  await closePhones();
  await clinic.close();
});

async function attackerOf(trunk: boolean, hold = false): Promise<Attacker> {
  const attacker = await createAttacker({ host: CALLER, trunk, hold });
  open.push(attacker);
  return attacker;
}

interface Entered {
  attacker: Attacker;
  media: Media;
  answer: SipResponse;
  line: LogLine;
}

/** A call into the clinic by hand, up to the application's own word of it. */
async function entersByHand(spec: Spec = {}): Promise<Entered> {
  const attacker = await attackerOf(true, true);
  const media = await openMedia(CALLER);
  open.push(media);
  const from = clinic.lines.length;
  const answered = new Promise<SipResponse>((resolve) =>
    attacker.onResponse((answer) => {
      if (answer.status >= 200 && parseCseq(answer).method === 'INVITE') resolve(answer);
    }),
  );
  const lines = [...(spec.lines ?? []), SDP_TYPE];
  const body = sdp(CALLER, { port: media.port });
  attacker.send(write(attacker.origin, { uri: 'sip:1378@127.0.0.1', ...spec, lines, body }));
  const answer = await answered;
  expect(answer.status).toBe(200);
  const line = await clinic.logged('call.entered', (one) => clinic.lines.indexOf(one) >= from);
  return { attacker, media, answer, line };
}

const INJECTIONS = [
  '${SHELL(id)}${CHANNEL(name)}',
  '%24%7BSHELL(id)%7D',
  '"),System(id),NoOp(',
  "';DROP TABLE calls;--",
  '0912,5,g(menu-137^s^1)',
  '$[1 + 1]&Local/s@menu-137',
  '%0d%0aX-Clinic-Trunk:%20x',
  '%00%00',
  'ناشناس🙂',
  '09121234567'.repeat(60),
];

describe('what a caller says of itself', () => {
  it.each(INJECTIONS)('as %s stays a word and no command', async (words) => {
    const name = words.replaceAll('\\', '').replaceAll('"', '\\"');
    const user = encodeURI(words).replaceAll(/[^A-Za-z0-9%$&+,;?/()!*'~_.-]/g, '');
    const callId = `${words.replaceAll(/\s/g, '')}-${token()}`.slice(0, 250);
    const { attacker, line } = await entersByHand({
      set: { from: `"${name}" <sip:${user}@127.0.0.1>;tag=${token()}`, 'call-id': callId },
      lines: [`P-Asserted-Identity: "${name}" <sip:${user}@127.0.0.1>`, `Subject: ${words}`],
    });
    let channels: { caller: { name: string; number: string }; channelvars: Record<string, string> }[] = [];
    // The one before may not be quite gone yet.
    await waitFor(async () => (channels = await ari('/channels')).length === 1);
    expect(channels[0]?.caller.name).toBe('');
    expect(channels[0]?.caller.number).toMatch(/^[a-z0-9+]{0,20}$/);
    expect(channels[0]?.channelvars['CLINIC_SIP_CALLID']).toMatch(/^[A-Za-z0-9@.%+~!*_-]{1,128}$/);
    attacker.endCalls();
    const row = await callRow(clinic, String(line['callId']));
    expect(row).toMatchObject({ ending: 'abandoned' });
    expect(row.caller ?? '+980').toMatch(/^\+[0-9]{2,15}$/);
  });
});

describe('what is dialled', () => {
  const OUTWARD = [
    '00989121234567',
    '+989121234567',
    '9989121234567',
    '09121234567',
    '2188112233',
    'e001',
    's',
    'h',
  ];
  const INWARD = [
    '137,1',
    '137&1378',
    '${EXTEN}',
    '%24%7BEXTEN%7D',
    'enter',
    'fallback',
    'callback',
    'message',
    'ask',
    'T',
    'menu',
  ];

  it('over the trunk leads to 137 and 1378 and nowhere else', async () => {
    for (const number of [...OUTWARD, ...INWARD, '*45', '*51', '']) {
      const attacker = await attackerOf(true);
      const uri = number === '' ? 'sip:127.0.0.1' : `sip:${number}@127.0.0.1`;
      const invite = write(attacker.origin, {
        ...{ uri, set: { to: `<${uri}>` } },
        ...{ lines: [SDP_TYPE], body: sdp(CALLER) },
      });
      const reply = await replyTo(attacker, invite, [404, 484, 'silence']);
      expect({
        number,
        reply: reply === 'silence' || reply === 404 || reply === 484 ? 'nowhere' : reply,
      }).toEqual({
        number,
        reply: 'nowhere',
      });
    }
  });

  it('over the trunk ends where a NUL ends it', async () => {
    const attacker = await attackerOf(true);
    const invite = write(attacker.origin, {
      uri: 'sip:137%00@127.0.0.1',
      lines: [SDP_TYPE],
      body: sdp(CALLER),
    });
    expect(await replyTo(attacker, invite, [200])).toBe(200);
  });

  it('by a stranger leads nowhere at all', async () => {
    for (const number of ['137', '1378', '*45', ...OUTWARD]) {
      const attacker = await attackerOf(false);
      const invite = write(attacker.origin, {
        uri: `sip:${number}@127.0.0.1`,
        lines: [SDP_TYPE],
        body: sdp(CALLER),
      });
      expect({ number, reply: await replyTo(attacker, invite, [401]) }).toEqual({ number, reply: 401 });
    }
  });

  it('by an expert leads to the feature codes and nowhere else', async () => {
    for (const number of ['137', '1378', '*46x', '*4', '**45', '*450', '*5', ...OUTWARD]) {
      const call = await expert.phone.invite(number);
      expect({ number, status: (await call.ended).status }).toEqual({ number, status: 404 });
    }
  });

  it('as a transfer is not understood', async () => {
    const { attacker, answer, line } = await entersByHand();
    const dialog = Object.fromEntries(
      ['from', 'to', 'call-id'].map((name) => [
        name,
        answer.headers.find(([one]) => one.toLowerCase() === name)?.[1] ?? '',
      ]),
    );
    const refer = write(attacker.origin, {
      ...{ method: 'REFER', uri: 'sip:127.0.0.1', set: { ...dialog, cseq: '7 REFER' } },
      lines: ['Refer-To: <sip:00989121234567@127.0.0.1>'],
    });
    // 22.10 does not even answer it: nothing is loaded that would.
    expect([405, 501, 603, 'silence']).toContain(await replyTo(attacker, refer, [405, 501, 603, 'silence']));
    expect(attacker.responses.map(({ status }) => status)).not.toContain(202);
    attacker.endCalls();
    await callRow(clinic, String(line['callId']));
  });
});

describe('a flood of keys', () => {
  const keys = (count: number): string => {
    const next = random(4733);
    return Array.from({ length: count }, () => '0123456789*#ABCD'.charAt(Math.floor(next() * 16))).join('');
  };

  it('in the menu, 500 a second, ends like any other call', async () => {
    const { attacker, media, answer, line } = await entersByHand();
    await media.press(mediaOf(answer), keys(2_000), 500);
    attacker.endCalls();
    // Among so many keys is the one that asks for a call back.
    const { ending } = await callRow(clinic, String(line['callId']));
    expect(['abandoned', 'callback']).toContain(ending);
  });

  it('in a talk, 500 a second, does not disturb it', async () => {
    const { attacker, media, answer, line } = await entersByHand();
    const callId = String(line['callId']);
    await media.press(mediaOf(answer), '2', 10);
    const offered = await expert.nextCall();
    void offered.answer();
    await clinic.logged('call.answered', (one) => one['callId'] === callId);
    await media.press(mediaOf(answer), keys(2_000), 500);
    expect((await callRow(clinic, callId, () => true)).state).toBe('talking');
    attacker.endCalls();
    await offered.ended;
    expect((await callRow(clinic, callId, (row) => row.state === 'ended')).ending).toBe('answered');
  });
});

describe('sound from nowhere', () => {
  it("sent to a talk's ports by a stranger is not taken, and none is sent back", async () => {
    const scene = await enters(clinic);
    await scene.call.sendDigits('2');
    const offered = await expert.nextCall();
    void offered.answer();
    await said(clinic, scene, 'call.answered');
    const stranger = await openMedia('127.66.1.3');
    open.push(stranger);
    // Both parties' sound has come through, so that Asterisk knows where each is.
    await Promise.all([scene.call.playTone(440, 0.5), offered.playTone(440, 0.5)]);
    const { port } = mediaOf(scene.call.response!);
    const next = random(3550);
    for (let i = 0; i < 3_000; i += 1) {
      const packet = Buffer.from(
        Array.from({ length: Math.floor(next() * 200) }, () => Math.floor(next() * 256)),
      );
      if (i % 2 === 0 && packet.length > 12) packet.writeUInt16BE(0x8008, 0);
      for (const near of [port, port + 1]) stranger.send({ host: '127.0.0.1', port: near }, packet);
      if (i % 200 === 0) await probe();
    }
    await Promise.all([scene.call.playTone(440, 0.5), offered.playTone(440, 0.5)]);
    expect(stranger.received()).toBe(0);
    expect((await callRow(clinic, scene.id, () => true)).state).toBe('talking');
    void scene.call.hangup();
    await offered.ended;
  });

  it.each([
    ['an address elsewhere', sdp(CALLER, { connection: '127.66.1.9' })],
    ['an address that is none', sdp(CALLER, { connection: '999.999.999.999' })],
    ['everybody', sdp(CALLER, { connection: '0.0.0.0' })],
    ['port 0', sdp(CALLER, { port: 0 })],
    ['a port that is none', sdp(CALLER, { port: 99_999 })],
    ['nothing it could be', 'v=0\r\n'],
    ['two thousand streams', sdp(CALLER) + 'm=audio 9 RTP/AVP 8\r\n'.repeat(2_000)],
    ['a line without end', `${sdp(CALLER)}a=${'x'.repeat(40_000)}\r\n`],
    ['codecs beyond number', sdp(CALLER).replace('8 101', '8 '.repeat(5_000))],
  ])('is promised to %s', async (_what, body) => {
    const attacker = await attackerOf(true);
    const reply = await replyTo(attacker, write(attacker.origin, { lines: [SDP_TYPE], body }), [200]);
    expect(reply === 200 || Number(reply) >= 400).toBe(true);
    await probe();
  });
});
