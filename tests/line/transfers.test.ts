import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createPhone } from '../../src/stack/phone/phone.mjs';
import { callRow, callStory } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { ari, expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone, setPresence, type InboundCall } from '../support/phones.ts';
import { queues, said } from '../support/scenes.ts';
import { testStack } from '../support/stack.ts';
import { endsAsOneTalk, hearEachOther, talks } from '../support/talk.ts';
import { waitFor } from '../support/wait.ts';

/** Transfers and diversions a telephone tries: none leads anywhere, and no citizen is lost by it. */

let clinic: Clinic;
let e001: string;
let e002: string;

beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '0' } });
  e001 = await addExpert(clinic, 'شیرین قاسمی', 'transport');
  e002 = await addExpert(clinic, 'کامران یوسفی', 'transport');
});
afterEach(async () => {
  await closePhones();
  for (const id of [e001, e002]) await setPresence(clinic, id, 'offline');
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

interface Channel {
  id: string;
  name: string;
}
/** Less those on which the exchange, a moment after our start, looks for calls it kept for us. */
const channels = async () => (await ari<Channel[]>('/channels')).filter(({ id }) => !id.startsWith('run-'));

const OUTSIDE = '<sip:09121111111@127.0.0.1>';
const ATTENDED = '<sip:09121111111@127.0.0.1?Replaces=abc%3Bto-tag%3D1%3Bfrom-tag%3D2>';

describe.each(['expert', 'citizen'] as const)('a REFER from the side of the %s', (side) => {
  it.each([
    ['blind', [['Refer-To', OUTSIDE]]],
    ['attended', [['Refer-To', ATTENDED]]],
    ['to 137 itself', [['Refer-To', '<sip:137@127.0.0.1>']]],
    ['to a feature code', [['Refer-To', '<sip:*45@127.0.0.1>']]],
    [
      'without a subscription',
      [
        ['Refer-To', OUTSIDE],
        ['Refer-Sub', 'false'],
      ],
    ],
    ['to nowhere', []],
  ] as [string, [string, string][]][])('%s, is refused, and the talk goes on', async (_way, headers) => {
    const expert = await expertPhone(clinic, e001);
    const talk = await talks(clinic, expert);
    const before = (await channels()).length;
    expect((await talk[side].request('REFER', { headers })).status).toBe(603);
    await hearEachOther(talk);
    expect(await channels()).toHaveLength(before);
    await endsAsOneTalk(clinic, talk, e001);
  });
});

describe('a REFER outside any call', () => {
  it.each(['expert', 'stranger', 'trunk'] as const)('from %s, leads nowhere', async (who) => {
    const { host, port, headers: trunk } = testStack().sip.trunk;
    const phone =
      who === 'expert'
        ? (await expertPhone(clinic, e001)).phone
        : await createPhone({ server: { host, port }, username: 'stranger' });
    const headers: [string, string][] = [['Refer-To', OUTSIDE]];
    if (who === 'trunk') headers.push(...Object.entries(trunk));
    const { status } = await phone.request('REFER', `sip:137@${host}:${port}`, { headers });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(await channels()).toEqual([]);
    await phone.close();
  });
});

describe("a diversion (302) by an expert's telephone", () => {
  it.each([
    ['to a mobile', '<sip:09121111111@127.0.0.1:5060>'],
    ['to another server', '<sip:thief@127.0.0.2:5060>'],
    ['to 137', '<sip:137@127.0.0.1>'],
    ['to a colleague', '<sip:e002@127.0.0.1>'],
    ['to a feature code', '<sip:*45@127.0.0.1>'],
    ['to several', '<sip:09121111111@127.0.0.1>;q=0.9, <sip:09122222222@127.0.0.1>;q=0.1'],
    ['to nobody', null],
  ])('%s, counts as a refusal: the next expert is rung', async (_way, contact) => {
    const first = await expertPhone(clinic, e001);
    const scene = await queues(clinic);
    const diverted = await first.nextCall();
    const second = await expertPhone(clinic, e002);
    diverted.reject(302, contact === null ? [] : [['Contact', contact]]);
    const call = await second.nextCall();
    void call.answer();
    await said(clinic, scene, 'call.answered');
    await hearEachOther({ citizen: scene.call, expert: call });
    const names = (await channels()).map(({ name }) => name.replace(/-[0-9a-f]+$/, ''));
    expect(names.sort()).toEqual([`PJSIP/${e002}`, 'PJSIP/trunk-137']);
    void scene.call.hangup();
    await callRow(clinic, scene.id, (row) => row.state === 'ended' && row.expertId === e002);
    const { offers } = await callStory(clinic, scene.id);
    expect(offers.map(({ expertId, result }) => `${expertId} ${result}`)).toEqual([
      `${e001} declined`,
      `${e002} answered`,
    ]);
  });
});

describe('an INVITE that wants to take the place of a call (Replaces)', () => {
  it("from the expert's own telephone, leads no further than to itself, and all of it ends with the talk", async () => {
    const expert = await expertPhone(clinic, e001);
    const talk = await talks(clinic, expert);
    const taken = await expert.phone.invite('*45', {
      headers: { Replaces: replacesOf(talk.expert, expert) },
    });
    await taken.answered;
    // For a moment the exchange lists a channel whose place is being taken twice.
    await waitFor(async () => {
      const names = (await channels()).map(({ name }) => name.replace(/-[0-9a-f]+$/, ''));
      return names.filter((name) => name !== `PJSIP/${e001}`).join() === 'PJSIP/trunk-137';
    });
    await endsAsOneTalk(clinic, talk, e001);
  });
});

function replacesOf(
  call: InboundCall,
  { phone }: { phone: { trace: { direction: string; text: string }[] } },
): string {
  const sent = phone.trace.filter(({ direction, text }) => direction === 'out' && text.includes(call.callId));
  const answer = sent.findLast(({ text }) => text.startsWith('SIP/2.0 200'))?.text ?? '';
  const tag = (header: string) => new RegExp(`^${header}:.*;tag=([^;\\s]+)`, 'm').exec(answer)?.[1] ?? '';
  return `${call.callId};to-tag=${tag('From')};from-tag=${tag('To')}`;
}
