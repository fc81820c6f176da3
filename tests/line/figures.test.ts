import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { figuresOf, promtool, type Figures } from '../support/figures.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone } from '../support/phones.ts';
import { queues, said } from '../support/scenes.ts';
import { callRow } from '../support/calls.ts';

/** Three real calls (answered, abandoned in the queue, rung in vain), and what `/metrics` tells of them. */

let clinic: Clinic;
let figures: Figures;
const specialty = 'transport';

beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '1', RING_SECONDS: '3', MISSES_BEFORE_PAUSE: '100' } });
  const abandoned = await queues(clinic);
  expect((await figuresOf(clinic.url)).value('clinic_waiting_citizens', { specialty })).toBe(1);
  void abandoned.call.hangup();
  await callRow(clinic, abandoned.id);

  const expert = await expertPhone(clinic, await addExpert(clinic, 'مریم کریمی', specialty));
  const answered = await queues(clinic);
  const declined = await expert.nextCall();
  void declined.reject(486);
  await said(clinic, answered, 'offer.ended');
  const ring = await expert.nextCall();
  void ring.answer();
  await said(clinic, answered, 'call.answered');
  void answered.call.hangup();
  await said(clinic, answered, 'wrap-up.ended');
  await callRow(clinic, answered.id, (row) => row.state === 'ended');
  figures = await figuresOf(clinic.url);
  if (process.env['SAVE_METRICS']) writeFileSync(process.env['SAVE_METRICS'], figures.text);
});
afterAll(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
  await clinic.close();
});

describe('the figures of real calls', () => {
  it('count what came, waited, was offered and how it ended', () => {
    expect(figures.sum('clinic_calls_entered_total')).toBe(2);
    expect(figures.value('clinic_calls_entered_total', { entry: 'direct' })).toBe(2);
    expect(figures.value('clinic_calls_queued_total', { specialty })).toBe(2);
    expect(figures.value('clinic_calls_ended_total', { specialty, ending: 'answered' })).toBe(1);
    expect(figures.value('clinic_calls_ended_total', { specialty, ending: 'abandoned' })).toBe(1);
    expect(figures.value('clinic_offers_made_total', { specialty })).toBe(2);
    expect(figures.value('clinic_offers_ended_total', { specialty, result: 'answered' })).toBe(1);
    expect(figures.value('clinic_offers_ended_total', { specialty, result: 'busy' }) +
      figures.value('clinic_offers_ended_total', { specialty, result: 'declined' })).toBe(1);
  });
});

it('is what Prometheus takes for figures', () => {
  promtool(['check', 'metrics'], figures.text);
});
