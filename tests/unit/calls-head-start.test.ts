import { describe, expect, it } from 'vitest';
import type { CallEvent, Effect } from '../../src/calls/call.ts';
import { headStart } from '../../src/calls/earlier-waits.ts';
import { waitingEntry } from '../../src/calls/queue-entry.ts';
import {
  entries,
  feed,
  inMenu,
  inQueue,
  NOW,
  offered,
  open,
  timer,
  wordsOver,
} from '../support/call-fixtures.ts';

/** What was waited in vain before is a place so much earlier. */

describe('the head start', () => {
  it('is as long as what was waited, in whole seconds, and no longer than the longest', () => {
    expect(headStart(0, 600)).toBe(0);
    expect(headStart(89.9, 600)).toBe(89);
    expect(headStart(4000, 600)).toBe(600);
    expect(headStart(4000, 0)).toBe(0);
  });
});

const asking = () => feed(inMenu(), { type: 'citizen-digit', digit: '2' }, open('transport'));
const ahead: CallEvent = { type: 'head-start', seconds: 90 };
const joined: CallEvent = { type: 'queue-joined', position: 2 };
const queued = (effects: Effect[]) => entries(effects).find(({ kind }) => kind === 'call.queued')?.data;

describe('a citizen with a head start', () => {
  it('stands at the earlier place, which the ledger tells together with what made it', () => {
    const walk = feed(asking(), ahead, joined);
    expect(queued(walk.effects)).toEqual({
      ...{ specialty: 'transport', queuedAt: new Date(NOW).toISOString() },
      ...{ score: NOW - 90_000, position: 2, headStartSeconds: 90 },
    });
    expect(waitingEntry(walk.call)).toMatchObject({ score: NOW - 90_000, queuedAt: NOW });
  });

  it('has it once: the place stands whatever is told later', () => {
    const walk = feed(asking(), ahead, { type: 'head-start', seconds: 300 }, joined);
    const later = feed(walk, { type: 'head-start', seconds: 300 }, wordsOver);
    for (const { call } of [walk, later]) expect(waitingEntry(call).score).toBe(NOW - 90_000);
  });

  it('has it too where the queue could not be joined at first, or an offer was quicker than the answer', () => {
    const failed = feed(asking(), ahead, { type: 'queue-failed', code: 'redis-failed', detail: '' });
    expect(waitingEntry(failed.call).score).toBe(NOW - 90_000);
    expect(queued(feed(failed, joined).effects)).toMatchObject({ headStartSeconds: 90 });
    expect(queued(feed(asking(), ahead, offered('o1'), joined).effects)).toMatchObject({
      headStartSeconds: 90,
    });
  });

  it('is told nothing of it who has none', () => {
    expect(queued(feed(asking(), joined).effects)).toEqual({
      ...{ specialty: 'transport', queuedAt: new Date(NOW).toISOString(), score: NOW, position: 2 },
    });
  });
});

describe('the place that is told', () => {
  const told = (position: number) => ({ type: 'position-told', position }) as const;
  const ordinal = (effects: Effect[]) =>
    effects.flatMap((one) => (one.do === 'play' ? one.sounds : [])).find((key) => key.startsWith('ordinal/'));

  it('never rises, though somebody has come in before', () => {
    const again = (walk: ReturnType<typeof inQueue>, position: number) =>
      feed(walk, wordsOver, timer('repeat-position'), told(position));
    const third = inQueue();
    expect(ordinal(third.effects)).toBe('ordinal/3');
    const fourth = again(third, 4);
    expect(ordinal(fourth.effects)).toBe('ordinal/3');
    const second = again(fourth, 2);
    expect(ordinal(second.effects)).toBe('ordinal/2');
    expect(ordinal(again(second, 3).effects)).toBe('ordinal/2');
  });
});
