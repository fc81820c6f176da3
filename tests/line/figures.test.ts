import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  boardExpressions,
  metricsNamed,
  readAlerts,
  readAlertTests,
  readBoard,
  readGuide,
} from '../support/board.ts';
import { callRow } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { figuresOf, promtool, type Figures } from '../support/figures.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone } from '../support/phones.ts';
import { startPrometheus, type Prometheus } from '../support/prometheus.ts';
import { queues, said } from '../support/scenes.ts';
import { waitFor } from '../support/wait.ts';

/**
 * Real calls (one abandoned in the queue, one refused by an expert's telephone and then answered), and what `/metrics`
 * tells of them: to us, to a real Prometheus, and through it to the board.
 */

const specialty = 'transport';
let clinic: Clinic;
let prometheus: Prometheus;
let before: Figures;
let figures: Figures;

beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '1', MISSES_BEFORE_PAUSE: '100' } });
  prometheus = await startPrometheus(clinic.url);
  const abandoned = await queues(clinic);
  before = await figuresOf(clinic.url);
  void abandoned.call.hangup();
  await callRow(clinic, abandoned.id);

  const expert = await expertPhone(clinic, await addExpert(clinic, 'مریم کریمی', specialty));
  const answered = await queues(clinic);
  void (await expert.nextCall()).reject(486);
  void (await expert.nextCall()).answer();
  await said(clinic, answered, 'call.answered');
  // Asterisk reports on a stream every five seconds or so.
  await waitFor(
    async () => (await figuresOf(clinic.url)).sum('clinic_rtp_loss_ratio_count', { heard_by: 'ours' }) > 0,
  );
  void answered.call.hangup();
  await said(clinic, answered, 'wrap-up.ended');
  await callRow(clinic, answered.id, (row) => row.state === 'ended');
  figures = await figuresOf(clinic.url);
});
afterAll(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
  await prometheus.close();
  await clinic.close();
});

describe('the figures of real calls', () => {
  it('show who waits while they wait', () => {
    expect(before.value('clinic_waiting_citizens', { specialty })).toBe(1);
    expect(before.value('clinic_longest_wait_seconds', { specialty })).toBeGreaterThan(0);
    expect(before.value('clinic_experts_at_work', { specialty })).toBe(0);
    expect(figures.value('clinic_waiting_citizens', { specialty })).toBe(0);
    expect(figures.value('clinic_longest_wait_seconds', { specialty })).toBe(0);
  });

  it('count what came, was offered and how it ended', () => {
    expect(figures.value('clinic_calls_entered_total', { entry: 'direct' })).toBe(2);
    expect(figures.sum('clinic_calls_entered_total')).toBe(2);
    expect(figures.value('clinic_calls_queued_total', { specialty })).toBe(2);
    expect(figures.value('clinic_calls_ended_total', { specialty, ending: 'answered' })).toBe(1);
    expect(figures.value('clinic_calls_ended_total', { specialty, ending: 'abandoned' })).toBe(1);
    expect(figures.sum('clinic_calls_ended_total')).toBe(2);
    expect(figures.value('clinic_offers_made_total', { specialty })).toBe(2);
    expect(figures.value('clinic_offers_ended_total', { specialty, result: 'busy' })).toBe(1);
    expect(figures.value('clinic_offers_ended_total', { specialty, result: 'answered' })).toBe(1);
    expect(figures.sum('clinic_kept_calls_imported_total')).toBe(0);
  });

  it('time every wait, talk, ring and wrap-up once', () => {
    for (const name of ['wait_until_answer', 'wait_until_abandon', 'talk', 'wrap_up'])
      expect(figures.value(`clinic_${name}_seconds_count`, { specialty })).toBe(1);
    expect(figures.value('clinic_ring_seconds_count', { result: 'busy' })).toBe(1);
    expect(figures.value('clinic_ring_seconds_count', { result: 'answered' })).toBe(1);
    // The wait that was answered had a refusal and the expert's rest of five seconds in it.
    expect(figures.value('clinic_wait_until_answer_seconds_sum', { specialty })).toBeGreaterThan(5);
    expect(figures.value('clinic_wait_until_answer_seconds_bucket', { specialty, le: '5' })).toBe(0);
    expect(figures.value('clinic_wrap_up_seconds_sum', { specialty })).toBeGreaterThanOrEqual(1);
  });

  it('count the talk of which the expert has not said what came of it', () => {
    expect(figures.value('clinic_outcomes_missing', { specialty })).toBe(1);
    expect(figures.sum('clinic_outcomes_missing')).toBe(1);
  });

  it('show the parts at work', () => {
    expect(figures.value('clinic_ari_request_seconds_count', { operation: 'bridges.createWithId' })).toBe(2);
    expect(figures.value('clinic_ledger_append_seconds_count')).toBeGreaterThan(15);
    expect(figures.value('clinic_outbox_depth')).toBe(0);
    expect(figures.value('clinic_postgres_up')).toBe(1);
    expect(figures.value('clinic_redis_up')).toBe(1);
    expect(figures.value('clinic_experts', { state: 'ready' })).toBe(1);
    expect(figures.value('clinic_command_seconds_count', { command: 'presence.apply' })).toBe(1);
    expect(figures.value('clinic_recordings_free_ratio')).toBeGreaterThan(0);
    expect(figures.sum('clinic_line_ready')).toBe(3);
  });

  it('name nobody: no call, no number, no expert in any label', () => {
    expect(figures.text).not.toMatch(/[0-9a-f]{8}-[0-9a-f]{4}-/);
    expect(figures.text).not.toMatch(/="e[0-9]{3}"/);
    expect(figures.text.match(/="[^"]*[0-9]{7,}[^"]*"/g)).toBeNull();
  });
});

describe('Prometheus', () => {
  it('takes them for figures made by its rules', () => {
    promtool(['check', 'metrics'], figures.text);
  });

  it('gets an answer to every expression of the board', async () => {
    const board = boardExpressions(readBoard());
    await waitFor(async () => (await prometheus.query('sum(clinic_calls_ended_total) == 2')).length === 1);
    const silent: string[] = [];
    for (const { title, expr } of board)
      if ((await prometheus.query(expr)).length === 0) silent.push(`${title}: ${expr}`);
    expect(silent).toEqual([]);
  });

  it('can evaluate every alert, and none fires', async () => {
    await waitFor(async () => (await prometheus.rules()).every(({ health }) => health !== 'unknown'));
    const rules = await prometheus.rules();
    expect(rules.length).toBeGreaterThan(20);
    expect(rules.filter(({ health }) => health !== 'ok')).toEqual([]);
    expect(await prometheus.query('ALERTS{alertstate="firing"}')).toEqual([]);
  });
});

describe('names', () => {
  const ours = () => figures.families.filter(({ name }) => name.startsWith('clinic_'));

  it('in board, alerts and their tests are those of metrics that exist', () => {
    const exported = new Set(ours().map(({ name }) => name));
    for (const words of [JSON.stringify(readBoard()), readAlerts(), readAlertTests()])
      expect([...metricsNamed(words)].filter((name) => !exported.has(name))).toEqual([]);
  });

  it('of all metrics stand on the board or in an alert', () => {
    const used = metricsNamed(JSON.stringify(readBoard()) + readAlerts());
    expect(
      ours()
        .map(({ name }) => name)
        .filter((name) => !used.has(name)),
    ).toEqual([]);
  });

  it('stand in the guide with their type and meaning, and no others', () => {
    const rows = [...readGuide().matchAll(/^\| `(clinic_[a-z_]+)`\s*\| (\w+)\s*\| (.*?)\s*\|$/gm)];
    const told = rows.map(([, name, type, help]) => `${name} ${type} ${help}`).sort();
    expect(told).toEqual(
      ours()
        .map(({ name, type, help }) => `${name} ${type} ${help}`)
        .sort(),
    );
  });
});
