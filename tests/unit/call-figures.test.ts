import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/calls/call.ts';
import type { LedgerFact } from '../../src/calls/ledger.ts';
import { carefully } from '../../src/calls/observer.ts';
import { createCallFigures } from '../../src/roles/call-figures.ts';
import { gauge } from '../../src/roles/figures.ts';
import { recordingLog } from '../support/silent-log.ts';

/** What a call counts for when it takes an unusual course; the usual one is counted on a real call (tests/line). */

const START = Date.parse('2026-03-01T08:00:00Z');
const at = (seconds: number): string => new Date(START + seconds * 1000).toISOString();
const call = (fields: Partial<Call> = {}): Call =>
  ({ id: 'c1', state: 'waiting', specialty: 'finance', queuedAt: START, callback: null, ...fields }) as Call;

const entered = (entry: 'menu' | 'direct' | 'fallback'): LedgerFact => ({
  kind: 'call.entered',
  data: { entry, direction: 'inbound' } as Extract<LedgerFact, { kind: 'call.entered' }>['data'],
});
const ended = (ending: 'abandoned' | 'answered' | 'voicemail', seconds: number): LedgerFact => ({
  kind: 'call.ended',
  data: { ending, endedAt: at(seconds), state: 'waiting', cause: null, note: null },
});
const answered = (seconds: number): LedgerFact => ({
  kind: 'call.answered',
  data: { offerId: 'o1', expertId: 'e001', answeredAt: at(seconds) },
});

function figures() {
  const registry = new Registry();
  const observe = createCallFigures(registry, ['finance']);
  const series = async (name: string): Promise<string[]> =>
    (await registry.metrics()).split('\n').filter((line) => line.startsWith(name) && !line.endsWith(' 0'));
  return { observe, series };
}

describe('the figures of a call', () => {
  it('that comes back to the queue and is answered again have its first wait alone', async () => {
    const { observe, series } = figures();
    observe(answered(7), 'c1', call());
    observe(answered(60), 'c1', call());
    expect(await series('clinic_wait_until_answer_seconds_sum')).toEqual([
      'clinic_wait_until_answer_seconds_sum{specialty="finance"} 7',
    ]);
    expect(await series('clinic_wait_until_answer_seconds_count')).toEqual([
      'clinic_wait_until_answer_seconds_count{specialty="finance"} 1',
    ]);
  });

  it('answered at exactly twenty seconds are within the service level', async () => {
    const { observe, series } = figures();
    observe(answered(20), 'c1', call());
    expect(await series('clinic_wait_until_answer_seconds_bucket{le="20"')).toHaveLength(1);
    expect(await series('clinic_wait_until_answer_seconds_bucket{le="15"')).toEqual([]);
  });

  it('that was with us before the exchange kept it count one entry', async () => {
    const { observe, series } = figures();
    observe(entered('menu'), 'c1', call());
    observe(entered('fallback'), 'c1', null);
    observe(ended('voicemail', 90), 'c1', null);
    expect(await series('clinic_calls_entered_total')).toEqual([
      'clinic_calls_entered_total{entry="menu"} 1',
    ]);
    expect(await series('clinic_calls_ended_total')).toEqual([
      'clinic_calls_ended_total{ending="voicemail",specialty="none"} 1',
    ]);
    expect(await series('clinic_kept_calls_imported_total')).toEqual(['clinic_kept_calls_imported_total 1']);
  });

  it('given up before the queue is no wait', async () => {
    const { observe, series } = figures();
    observe(ended('abandoned', 5), 'c1', call({ state: 'ended', specialty: null, queuedAt: null }));
    expect(await series('clinic_wait_until_abandon_seconds_count')).toEqual([]);
    expect(await series('clinic_calls_ended_total')).toEqual([
      'clinic_calls_ended_total{ending="abandoned",specialty="none"} 1',
    ]);
  });

  it('judge every wait that was told by the first answer', async () => {
    const { observe, series } = figures();
    const told = (seconds: number, lowMinutes: number, highMinutes: number | null): LedgerFact => ({
      kind: 'wait.told',
      data: { toldAt: at(seconds), place: 2, lowMinutes, highMinutes, staffed: 3, reason: null },
    });
    observe(told(0, 5, 10), 'c1', call());
    observe(told(120, 6, 10), 'c1', call());
    observe(told(240, 1, 2), 'c1', call());
    observe(told(300, 2, null), 'c1', call());
    observe(answered(420), 'c1', call());
    observe(answered(900), 'c1', call());
    // Still to wait were 420, 300, 180 and 120 seconds.
    expect(await series('clinic_told_waits_total')).toEqual([
      'clinic_told_waits_total{specialty="finance",result="inside"} 2',
      'clinic_told_waits_total{specialty="finance",result="sooner"} 1',
      'clinic_told_waits_total{specialty="finance",result="later"} 1',
    ]);
  });

  it('that we place are no part of what the line was offered: what came of the attempt is', async () => {
    const { observe, series } = figures();
    const ours = call({ callback: { id: 'p1', number: '+989121234567', askings: 0 } });
    observe({ kind: 'callback.tried', data: { callbackId: 'p1', result: 'busy' } }, 'c1', ours);
    observe(ended('abandoned', 3), 'c1', ours);
    observe(answered(5), 'c2', ours);
    observe(answered(9), 'c2', ours);
    expect(await series('clinic_calls_ended_total')).toEqual([]);
    expect(await series('clinic_wait_until')).toEqual([]);
    expect(await series('clinic_callback_attempts_total')).toEqual([
      'clinic_callback_attempts_total{result="talked"} 1',
      'clinic_callback_attempts_total{result="busy"} 1',
    ]);
  });

  it('are never below nothing, though the clock was set back', async () => {
    const { observe, series } = figures();
    observe(answered(-30), 'c1', call());
    expect(await series('clinic_wait_until_answer_seconds_sum')).toEqual([]);
    expect(await series('clinic_wait_until_answer_seconds_count')).toHaveLength(1);
  });
});

it('a figure that cannot be taken costs the call nothing', () => {
  const { log, lines } = recordingLog();
  carefully(() => {
    throw new Error('not a number');
  }, log)(answered(1), 'c1', null);
  expect(lines).toMatchObject([{ msg: 'figure.lost', callId: 'c1', kind: 'call.answered' }]);
});

it('a reading that fails shows nothing instead of what it last was', async () => {
  const registry = new Registry();
  let away = false;
  const read = (): number => {
    if (away) throw new Error('Redis is away');
    return 3;
  };
  gauge(registry, { name: 'one', help: 'h', read });
  gauge(registry, { name: 'many', help: 'h', label: 'kind', read: () => new Map([['a', read()]]) });
  expect(await registry.metrics()).toMatch(/^one 3$[^]*^many\{kind="a"\} 3$/m);
  away = true;
  expect(
    (await registry.metrics()).split('\n').filter((line) => !line.startsWith('#') && line !== ''),
  ).toEqual([]);
});
