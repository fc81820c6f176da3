import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callRow } from '../support/calls.ts';
import { startClinic, type Clinic, type LogLine } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone } from '../support/phones.ts';
import { enters, said, type Scene } from '../support/scenes.ts';

/** One call followed through the log by its id, from the first word to the expert's outcome. */

const INFO = 30;
/** From the first ledger entry to the last: what an operator sees of a call at LOG_LEVEL=info. */
const STORY = [
  'call.entered',
  'hours.checked',
  'menu.chosen',
  'hours.checked',
  'call.queued',
  'offer.made',
  'offer.ended',
  'call.answered',
  'segment.ended',
  'call.ended',
  'wrap-up.ended',
];

let clinic: Clinic;
let call: Scene;
let lines: LogLine[];

/** Warnings left out: on a machine that is short of breath a request may time out, and that is told besides. */
const of = ({ id }: Scene) => clinic.lines.filter((line) => line['callId'] === id && line['level'] === INFO);

beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '1' } });
  const expert = await expertPhone(clinic, await addExpert(clinic, 'رضا کاظمی', 'transport'));
  call = await enters(clinic);
  // The greeting is heard out: a choice made earlier would spare the first look at the hours.
  await said(clinic, call, 'hours.checked');
  await call.call.sendDigits('2');
  void (await expert.nextCall()).answer();
  await said(clinic, call, 'call.answered');
  void call.call.hangup();
  await callRow(clinic, call.id, (row) => row.state === 'ended');
  lines = of(call);
});
afterAll(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
  await clinic.close();
});

describe('the lines of one call', () => {
  it('tell its story in order, each with state and visit', () => {
    expect(lines.map((line) => line.msg)).toEqual(STORY);
    expect(lines.map((line) => line['seq'])).toEqual(STORY.map((_, index) => index + 1));
    for (const line of lines)
      expect(line).toMatchObject({
        level: INFO,
        state: expect.any(String) as unknown,
        visit: expect.any(Number) as unknown,
      });
    const visits = lines.map((line) => Number(line['visit']));
    expect(visits).toEqual(visits.toSorted((a, b) => a - b));
  });

  it('lead to the SIP dialogue, the channel, the offer and the expert', () => {
    expect(lines[0]).toMatchObject({ sipCallId: call.call.callId });
    expect(lines[0]?.['channelId']).toMatch(/^clinic-[0-9]+\.[0-9]+$/);
    const [made, answered] = ['offer.made', 'call.answered'].map((msg) =>
      lines.find((line) => line.msg === msg),
    );
    expect(answered).toMatchObject({ offerId: made?.['offerId'], expertId: made?.['expertId'] });
  });

  it('are few: what a day of ten thousand calls writes is read and kept with ease', () => {
    const bytes = lines.reduce((sum, line) => sum + Buffer.byteLength(JSON.stringify(line)) + 1, 0);
    process.stdout.write(`log volume of an answered call at info: ${lines.length} lines, ${bytes} bytes\n`);
    expect(lines.length).toBeLessThanOrEqual(15);
    expect(bytes).toBeLessThanOrEqual(6000);
  });

  it('and those of requests about it bear its id beside the request’s', async () => {
    const token = await clinic.signIn('supervisor');
    const body = { code: 'resolved', note: 'شماره ۰۹۱۲' };
    const answer = await clinic.api(`/calls/${call.id}/outcome`, { method: 'PUT', token, body });
    expect(answer.status).toBe(200);
    const line = await said(clinic, call, 'outcome.set');
    expect(line).toMatchObject({
      level: INFO,
      code: 'resolved',
      reqId: expect.stringMatching(/^[0-9a-f-]{36}$/) as unknown,
    });
    expect(line).not.toHaveProperty('note');
  });
});

describe('the log of the whole process', () => {
  it('names every event noun.past-verb', () => {
    for (const { msg, text } of clinic.lines) {
      expect(text).toBeUndefined();
      expect(msg).toMatch(/^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*$/);
    }
  });

  it('shows more of calls in progress at SIGUSR2, and no more at the next', async () => {
    const scene = await enters(clinic);
    process.kill(clinic.pid, 'SIGUSR2');
    expect(await clinic.logged('log-level.changed')).toMatchObject({ level: 'debug' });
    await scene.call.sendDigits('2');
    await said(clinic, scene, 'event.handled', (line) => line['event'] === 'citizen-digit');
    process.kill(clinic.pid, 'SIGUSR2');
    await clinic.logged('log-level.changed', (line) => line['level'] === 'info');
    await said(clinic, scene, 'call.queued');
    const before = clinic.lines.length;
    void scene.call.hangup();
    await said(clinic, scene, 'call.ended');
    expect(clinic.lines.slice(before).filter(({ level }) => Number(level) < INFO)).toEqual([]);
  });
});
