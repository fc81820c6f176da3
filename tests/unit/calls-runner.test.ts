import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Call, CallEvent } from '../../src/calls/call.ts';
import type { Snapshot } from '../../src/calls/snapshots.ts';
import { fault } from '../../src/platform/fault.ts';
import { startRunner, type Perform, type Runner } from '../../src/calls/runner.ts';
import {
  inMenu,
  isRinging,
  NOW,
  offered,
  open,
  settings,
  start,
  wordsOver,
} from '../support/call-fixtures.ts';

/** What the shell did, in order: snapshots saved and effects carried out. */
let story: string[];
let ended: Call[];
let runner: Runner | undefined;

beforeEach(() => {
  story = [];
  ended = [];
  vi.useFakeTimers();
});
afterEach(() => {
  runner?.abandon();
  vi.useRealTimers();
});

const clock = { now: () => NOW, monotonic: () => 0 };
const snapshots = {
  save: ({ call }: Snapshot) => {
    story.push(`save ${call.state}`);
    return Promise.resolve();
  },
  remove: () => {
    story.push('remove');
    return Promise.resolve();
  },
  all: () => Promise.resolve({ kept: [], refused: [] }),
};
const tellDeed: Perform = (_call, effect) => {
  story.push(effect.do);
  return Promise.resolve();
};

function run(
  first: Parameters<typeof startRunner>[0],
  perform: Perform = tellDeed,
  later: (work: () => Promise<unknown>) => void = (work) => void work(),
): Runner {
  runner = startRunner(first, {
    telephony: { trust: () => true },
    settings,
    snapshots,
    perform,
    clock,
    log: pino({ level: 'silent' }),
    onEnded: (call) => ended.push(call),
    later,
  });
  return runner;
}

describe('startRunner', () => {
  it('saves what it intends before it does anything', async () => {
    const live = run(start());
    await live.idle();
    expect(story).toEqual(['save greeting', 'record', 'play']);
    story.length = 0;
    live.post(wordsOver(live.call()));
    await live.idle();
    expect(story).toEqual(['save hours-check', 'ask-hours']);
  });

  it('saves with the state what a successor has to do again, and no sound', async () => {
    const saved: Snapshot[] = [];
    const save = vi.spyOn(snapshots, 'save').mockImplementation((snapshot) => {
      saved.push(snapshot);
      return Promise.resolve();
    });
    const live = run(isRinging());
    live.post({ type: 'citizen-gone', cause: 16 });
    await live.idle();
    const last = saved.at(-1);
    expect(last?.call.state).toBe('ended');
    expect(last?.effects.map((effect) => effect.do)).toEqual([
      'stop-ringing',
      'leave-queue',
      'record',
      'record',
    ]);
    expect(saved[0]?.effects.map((effect) => effect.do)).not.toContain('ring');
    save.mockRestore();
  });

  it('feeds back what an effect brought about before what arrived meanwhile', async () => {
    const answers: Perform = (_call, effect, reply) => {
      if (effect.do === 'ask-hours') reply(open(effect.specialty));
      return Promise.resolve();
    };
    const live = run(inMenu(), answers);
    live.post({ type: 'citizen-digit', digit: '2' });
    live.post({ type: 'citizen-digit', digit: '3' });
    await live.idle();
    expect(live.call()).toMatchObject({ state: 'position', specialty: 'transport' });
  });

  it('fires the timer of the visit', async () => {
    const live = run(isRinging());
    await live.idle();
    await vi.advanceTimersByTimeAsync(settings.ringSeconds * 1000);
    await live.idle();
    expect(live.call().state).toBe('waiting');
    expect(story).toContain('miss');
  });

  it('drops the timers of a state when it is left', async () => {
    const live = run(isRinging());
    await live.idle();
    live.post({ type: 'expert-failed', offerId: 'o1', reason: 'busy' });
    live.post(offered('o2', 'e002'));
    live.post({ type: 'expert-answered', offerId: 'o2' });
    await live.idle();
    story.length = 0;
    await vi.advanceTimersByTimeAsync(24 * 3600 * 1000);
    expect(live.call().state).toBe('connecting');
    expect(story).toEqual([]);
  });

  it('carries out the other effects when one fails', async () => {
    const failing: Perform = (call, effect, reply) => {
      if (effect.do === 'stop-playing') return Promise.reject(new Error('link down'));
      return tellDeed(call, effect, reply);
    };
    const live = run(inMenu(), failing);
    live.post({ type: 'citizen-digit', digit: '0' });
    await live.idle();
    expect(story.filter((deed) => deed === 'play')).toHaveLength(2);
    expect(live.call().state).toBe('menu');
  });

  it('goes on when the snapshot cannot be saved', async () => {
    const save = vi.spyOn(snapshots, 'save').mockRejectedValue(new Error('redis away'));
    const live = run(start());
    await live.idle();
    expect(story).toEqual(['record', 'play']);
    save.mockRestore();
  });

  it('saves again what Redis did not take, as it stands when Redis is back, and nothing of a call that is over', async () => {
    const away = fault('redis-failed', 'away');
    const save = vi.spyOn(snapshots, 'save').mockRejectedValue(away);
    const owed: (() => Promise<unknown>)[] = [];
    const live = run(inMenu(), tellDeed, (work) => owed.push(work));
    live.post({ type: 'citizen-digit', digit: '0' });
    await live.idle();
    expect(owed).toHaveLength(1);
    await expect(owed[0]!()).rejects.toBe(away);
    save.mockReset().mockResolvedValue();
    await owed[0]!();
    expect(save.mock.calls.map(([{ call }]) => call)).toEqual([live.call()]);
    save.mockRejectedValueOnce(away);
    live.post({ type: 'citizen-gone', cause: 16 });
    await live.idle();
    save.mockClear();
    await owed[1]!();
    expect(save).not.toHaveBeenCalled();
    save.mockRestore();
  });

  it('is over once, and forgets its snapshot', async () => {
    const live = run(inMenu());
    const gone: CallEvent = { type: 'citizen-gone', cause: 16 };
    live.post(gone);
    live.post(gone);
    await live.idle();
    expect(ended).toHaveLength(1);
    expect(story.filter((deed) => deed === 'remove')).toHaveLength(1);
  });
});
