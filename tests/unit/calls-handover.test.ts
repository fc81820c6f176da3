import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import type { Telephony } from '../../src/asterisk/telephony.ts';
import type { Effect } from '../../src/calls/call.ts';
import { createHandover } from '../../src/calls/handover.ts';
import { callIdOf } from '../../src/calls/identity.ts';
import type { LedgerEntry } from '../../src/calls/ledger.ts';
import { createSwitchboard } from '../../src/calls/switchboard.ts';
import type { Routing } from '../../src/routing/routing.ts';
import { inMenu, NOW, settings } from '../support/call-fixtures.ts';
import { silentLog } from '../support/silent-log.ts';
import { testVault } from '../support/vault.ts';

/** A row of the exchange for a call that was ours: hung up before its channel could say that we have it. */

const CHANNEL = 'clinic-1790000000.7';
/** A message may be spoken three times. */
const THREE_TAKES = ['deleted', 'deleted', 'deleted'];
const ID = callIdOf('clinic', CHANNEL);
const row = (keyed: string): string[] => [
  ...['missed', CHANNEL, '1790000000', '09121110001', '0', 'a@b', keyed, '', '', '1790000003'],
];

const recordingsDir = mkdtempSync(join(tmpdir(), 'clinic-handover-'));
afterAll(() => rmSync(recordingsDir, { recursive: true }));

function scene({ trust = () => true }: { trust?: () => boolean } = {}) {
  const written: LedgerEntry[] = [];
  const acknowledged: string[] = [];
  const did: string[] = [];
  let sound: Uint8Array | null = new Uint8Array(64_044);
  const ledger = {
    append: (entry: LedgerEntry) => {
      written.push(entry);
      return Promise.resolve();
    },
  };
  const telephony = {
    trust,
    setVariables: (channelId: string) => {
      acknowledged.push(channelId);
      did.push('acknowledged');
      return Promise.resolve('done');
    },
    storedRecording: () => Promise.resolve(sound),
    deleteStoredRecording: () => {
      sound = null;
      did.push('deleted');
      return Promise.resolve('done');
    },
    continueInDialplan: () => Promise.resolve('done'),
  } as unknown as Telephony;
  const clock = { now: () => NOW, monotonic: () => 0 };
  const shared = { telephony, clock, log: silentLog, areaCode: '21', asteriskId: () => 'clinic' };
  const board = createSwitchboard({
    ...shared,
    settings,
    later: () => undefined,
    perform: (call, effect: Effect) => {
      if (effect.do === 'record')
        written.push({ ...effect.entry, callId: call.id, at: new Date(NOW).toISOString() });
      return Promise.resolve();
    },
    routing: {} as Routing,
    snapshots: {
      save: () => Promise.resolve(),
      remove: () => Promise.resolve(),
      all: () => Promise.resolve({ kept: [], refused: [] }),
    },
  });
  const handover = createHandover({
    ...shared,
    ledger,
    startedAt: () => 1_790_000_010_000,
    vault: testVault(recordingsDir),
    hasEnded: (callId) => board.hasEnded(callId),
  });
  const call = { ...inMenu().call, id: ID, channelId: CHANNEL };
  const ends = () => written.filter(({ kind }) => kind === 'call.ended').length;
  return { handover, board, call, acknowledged, did, written, ends };
}

afterEach(() => vi.useRealTimers());

describe('a call that the exchange kept', () => {
  it('has the one end that we wrote', async () => {
    const { handover, board, call, acknowledged, ends } = scene();
    const runner = board.take({ call, effects: [] });
    runner.post({ type: 'citizen-gone', cause: 16 });
    await runner.idle();
    await handover.take('local', row(''));
    expect(ends()).toBe(1);
    expect(acknowledged).toEqual(['local']);
  });

  it('waits for the end that is about to be written', async () => {
    const { handover, board, call, ends } = scene();
    const runner = board.take({ call, effects: [] });
    await runner.idle();
    const taken = handover.take('local', row(''));
    runner.post({ type: 'citizen-gone', cause: 16 });
    await taken;
    expect(ends()).toBe(1);
  });

  it('has its end from the exchange when ours does not come', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const signal = new AbortController();
    vi.spyOn(AbortSignal, 'timeout').mockReturnValue(signal.signal);
    const { handover, board, call, ends } = scene();
    await board.take({ call, effects: [] }).idle();
    const taken = handover.take('local', row(''));
    signal.abort();
    await taken;
    expect(ends()).toBe(1);
  });

  it('is left to who has taken over while we stood still', async () => {
    const { handover, acknowledged, written } = scene({ trust: () => false });
    await expect(handover.take('local', row(''))).rejects.toMatchObject({ code: 'owner-stale' });
    expect([written, acknowledged]).toEqual([[], []]);
  });

  it('brings a number that was left, though we knew the call', async () => {
    const { handover, board, call, written } = scene();
    const runner = board.take({ call, effects: [] });
    runner.post({ type: 'citizen-gone', cause: 16 });
    await runner.idle();
    await handover.take('local', row('02188001122'));
    expect(written.map(({ kind }) => kind)).toContain('number.kept');
  });

  it('was cut off by the end of Asterisk while it stood in the dialplan: nobody gave up', async () => {
    const later = 'clinic-1790000020.7';
    for (const [channelId, status, ending] of [
      [CHANNEL, 'open', 'failed'],
      [CHANNEL, 'ended', 'abandoned'],
      // Closed in this very moment: its row is being written.
      [later, 'open', 'abandoned'],
    ] as const) {
      const { handover, written } = scene();
      await handover.take('local', [...row('').with(1, channelId), status]);
      expect(written.at(-1)).toMatchObject({ kind: 'call.ended', data: { ending } });
    }
  });

  it('leaves no sound behind, wherever the process ends: it is deleted before the row may go', async () => {
    const { handover, did, written } = scene();
    const spoken = row('02188001122').with(7, 'clinic-missed/x').with(8, '4');
    await handover.take('local', spoken);
    expect(did).toEqual([...THREE_TAKES, 'acknowledged']);
    const first = written.splice(0).map(({ kind, seq }) => ({ kind, seq }));
    expect(first.map(({ kind }) => kind)).toEqual([
      'call.entered',
      'number.kept',
      'message.kept',
      'call.ended',
    ]);
    // Nothing of it lies in the clear.
    const [file = ''] = readdirSync(recordingsDir, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('.sealed'),
    );
    expect(readFileSync(join(recordingsDir, file)).subarray(0, 4).toString()).toBe('C137');
    // Handed over once more it adds nothing: entries are unique by call and number.
    await handover.take('local', spoken);
    for (const { kind, seq } of written) expect(first).toContainEqual({ kind, seq });
  });

  it('with two messages brings both as one sound, and leaves none of their takes behind', async () => {
    const { handover, did, written } = scene();
    await handover.take('local', row('').with(7, 'clinic-missed/x~2&clinic-missed/x_').with(8, '4'));
    // Four seconds each, behind one head.
    expect(written.find(({ kind }) => kind === 'message.kept')?.data).toMatchObject({
      ...{ bytes: 128_044, seconds: 8 },
    });
    expect(did).toEqual([...THREE_TAKES, ...THREE_TAKES, 'acknowledged']);
  });

  it('is a row of its own when we never had it', async () => {
    const { handover, written } = scene();
    await handover.take('local', row(''));
    expect(written.map(({ kind }) => kind)).toEqual(['call.entered', 'call.ended']);
  });
});
