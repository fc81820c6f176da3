import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Telephony } from '../../src/asterisk/telephony.ts';
import type { Call, CallEvent, Effect } from '../../src/calls/call.ts';
import type { Perform } from '../../src/calls/runner.ts';
import type { Snapshot } from '../../src/calls/snapshots.ts';
import { createSwitchboard, type Switchboard } from '../../src/calls/switchboard.ts';
import type { Offer, Routing } from '../../src/routing/routing.ts';
import {
  inMenu,
  inQueue,
  isTalking,
  NOW,
  offered,
  settings,
  wordsOver,
  feed,
} from '../support/call-fixtures.ts';
import { silentLog } from '../support/silent-log.ts';

/** A process that ends: every step begun is finished, no other is begun, and what is left is saved as it stands. */

type Walk = ReturnType<typeof inMenu>;

const FOREVER = new AbortController().signal;
let saved: Map<string, Snapshot>;
let deeds: string[];
let music: string[];
/** What the next effect of a kind brings about, or waits for. */
let script: Partial<Record<Effect['do'], (call: Call, reply: (event: CallEvent) => void) => Promise<void>>>;
let board: Switchboard;

beforeEach(() => {
  vi.useFakeTimers();
  saved = new Map();
  deeds = [];
  music = [];
  script = {};
  const perform: Perform = async (call, effect, reply) => {
    deeds.push(effect.do);
    await script[effect.do]?.(call, reply);
  };
  const telephony = {
    trust: () => true,
    startMusic: (channelId: string) => {
      music.push(channelId);
      return Promise.resolve('done');
    },
  } as unknown as Telephony;
  board = createSwitchboard({
    ...{ telephony, perform, settings, log: silentLog, areaCode: '21', asteriskId: () => 'clinic' },
    later: () => undefined,
    routing: {} as Routing,
    snapshots: {
      save: (snapshot) => {
        saved.set(snapshot.call.id, snapshot);
        return Promise.resolve();
      },
      remove: (callId) => Promise.resolve(void saved.delete(callId)),
      all: () => Promise.resolve({ kept: [], refused: [] }),
    },
    clock: { now: () => NOW, monotonic: () => 0 },
  });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A live call where the walk has led it, under an id of its own. */
async function live({ call, effects }: Walk, serial: number) {
  const own = {
    ...call,
    id: `01890000-0000-7000-8000-00000000000${serial}`,
    channelId: `clinic-1.${serial}`,
  };
  const timers = effects.filter((effect) => effect.do === 'timer');
  const runner = board.take({ call: own, effects: timers });
  await runner.idle();
  return runner;
}

/** Resolves by `open`. */
function gate(): { passed: Promise<void>; open: () => void } {
  let open: () => void = () => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { passed, open };
}

const offerFor = (callId: string): Offer => ({
  ...(offered('o9') as Extract<CallEvent, { type: 'offered' }>).offer,
  callId,
  specialty: 'transport',
});

describe('a switchboard at rest', () => {
  it('waits for the step in progress and for what that brings about', async () => {
    const runner = await live(inMenu(), 1);
    const asked = gate();
    script['ask-hours'] = async (_call, reply) => {
      await asked.passed;
      reply({
        ...{ type: 'hours-told', specialty: 'transport', open: true, reason: 'weekly' },
        ...{ opensAt: null, words: [] },
      });
    };
    runner.post({ type: 'citizen-digit', digit: '2' });
    const resting = board.rest(FOREVER);
    asked.open();
    await resting;
    expect(runner.call().state).toBe('position');
    expect(deeds).toContain('join-queue');
  });

  it('rings for an offer that a last step of another call has made', async () => {
    const waiting = await live(feed(inQueue(), wordsOver), 1);
    const leaving = await live(feed(inQueue(), wordsOver), 2);
    const left = gate();
    script['leave-queue'] = async () => {
      await left.passed;
      board.offered(offerFor(waiting.call().id));
    };
    leaving.post({ type: 'citizen-gone', cause: 16 });
    const resting = board.rest(FOREVER);
    left.open();
    await resting;
    expect(waiting.call().state).toBe('ringing');
    expect(deeds).toContain('ring');
  });

  it('fires no timer any more, nor one that a last step has set', async () => {
    const waiting = await live(feed(inQueue(), wordsOver), 1);
    const menu = await live(inMenu(), 2);
    menu.post({ type: 'citizen-digit', digit: '0' });
    await board.rest(FOREVER);
    deeds = [];
    await vi.advanceTimersByTimeAsync(24 * 3600 * 1000);
    expect(deeds).toEqual([]);
    expect(waiting.call().state).toBe('waiting');
    expect(menu.call().state).toBe('menu');
  });

  it('lets music follow the words that are still sounding, and disturbs no talk and no music', async () => {
    await live(inQueue(), 1);
    await live(feed(inQueue(), wordsOver), 2);
    await live(isTalking(), 3);
    await board.rest(FOREVER);
    expect(music).toEqual(['clinic-1.1']);
  });

  it('saves each call as it stands, with nothing to be done again', async () => {
    const talking = await live(isTalking(), 1);
    await board.rest(FOREVER);
    saved.clear();
    await board.saveAll();
    expect([...saved.values()]).toEqual([{ call: talking.call(), effects: [] }]);
  });

  it('does not wait for ever, and leaves a call still at it as that step was saved', async () => {
    const stuck = await live(inMenu(), 1);
    script['ask-hours'] = () => new Promise(() => undefined);
    stuck.post({ type: 'citizen-digit', digit: '2' });
    const limit = new AbortController();
    const resting = board.rest(limit.signal);
    await vi.advanceTimersByTimeAsync(0);
    const before = saved.get(stuck.call().id);
    limit.abort();
    await resting;
    await board.saveAll();
    expect(before?.call.state).toBe('hours-check');
    expect(saved.get(stuck.call().id)).toBe(before);
    expect(before?.effects.map((effect) => effect.do)).toContain('record');
  });
});
