import { describe, expect, it } from 'vitest';
import { answers } from '../bench/capacity/answers.ts';
import { difference, perUnit, readStat, treeTime } from '../bench/capacity/cpu.ts';
import { highest, nextRate, type Tried } from '../bench/capacity/search.ts';
import { lookOnce } from '../bench/matching/scan.ts';
import { readOffers, reoffers } from '../bench/reoffer/offers.ts';
import type { SipMessage } from '../bench/support/capture.ts';
import type { Leg } from '../bench/support/legs.ts';

/** What the benchmarks of re-offers, capacity and matching make of what they saw. */

const leg = (citizen: string, user: string, callId: string, at: number): Leg => ({
  callId,
  at,
  user,
  citizen,
});
const sip = (at: number, method: string, status: number | null, callId: string): SipMessage => ({
  ...{ at, method, status, callId, fromPort: 1, toPort: 2, cseq: 1, user: '', from: '' },
});

describe('re-offers', () => {
  const EXPERTS = ['e001', 'e002', 'e003'];
  const found = (legs: Leg[], messages: SipMessage[], restMs = 0) =>
    reoffers(readOffers(legs, messages), EXPERTS, restMs);

  it('last from the CANCEL or the refusal to the next INVITE for the same citizen', () => {
    const legs = [leg('c', 'e001', 'a', 0), leg('c', 'e002', 'b', 1_004), leg('c', 'e003', 'd', 1_110)];
    const messages = [
      ...[sip(1, 'INVITE', 180, 'a'), sip(1_000, 'CANCEL', null, 'a'), sip(1_002, 'INVITE', 487, 'a')],
      ...[sip(1_100, 'INVITE', 603, 'b'), sip(1_200, 'INVITE', 200, 'd')],
    ];
    expect(found(legs, messages)).toEqual({
      ...{ gaps: { cancelled: [4], refused: [10] }, unfollowed: 0, nobodyIdle: 0 },
    });
  });

  it('that never came are told', () => {
    const legs = [leg('c', 'e001', 'a', 0), leg('other', 'e002', 'b', 20)];
    const messages = [sip(10, 'INVITE', 486, 'a'), sip(30, 'INVITE', 200, 'b')];
    expect(found(legs, messages)).toMatchObject({ gaps: { refused: [] }, unfollowed: 1 });
  });

  it('that had to wait for an expert are left out', () => {
    const legs = [
      ...[leg('x', 'e002', 'x', 0), leg('y', 'e003', 'y', 0)],
      ...[leg('c', 'e001', 'a', 5), leg('c', 'e002', 'b', 500)],
    ];
    const messages = [
      ...[sip(1, 'INVITE', 200, 'x'), sip(1, 'INVITE', 200, 'y'), sip(10, 'INVITE', 480, 'a')],
      ...[sip(490, 'BYE', null, 'x'), sip(510, 'INVITE', 200, 'b')],
    ];
    // e001 itself, which has just refused, would be idle without a rest.
    expect(found(legs, messages)).toMatchObject({ gaps: { refused: [490] }, nobodyIdle: 0 });
    expect(found(legs, messages, 5_000)).toMatchObject({ gaps: { refused: [] }, nobodyIdle: 1 });
  });
});

describe('answers', () => {
  it('count from the end of the key, and name who was never served', () => {
    const citizens = [leg('c-1', '', 'a', 0), leg('c-2', '', 'b', 0), leg('c-3', '', 'd', 0)];
    const experts = [leg('c-1', 'e001', 'x', 1_520), leg('c-1', 'e002', 'y', 1_900)];
    const messages = [
      sip(1_000, 'ACK', null, 'a'),
      sip(1_400, 'ACK', null, 'a'),
      sip(1_000, 'ACK', null, 'b'),
    ];
    expect(answers(citizens, experts, messages, 500)).toEqual({ delays: [20], unserved: 2 });
  });
});

describe('CPU time', () => {
  it('is that of a process, whatever it is called, with its children', () => {
    const stat = (pid: number, parent: number, ...ticks: number[]) =>
      readStat(`${pid} (a) b c) S ${parent} 1 1 0 -1 0 0 0 0 0 ${ticks.join(' ')} 20 0`);
    const all = [
      stat(1, 0, 10, 5, 2, 1),
      stat(2, 1, 3, 0, 0, 0),
      stat(3, 2, 1, 0, 0, 0),
      stat(9, 7, 50, 0, 0, 0),
    ];
    expect(all[0]).toEqual({ pid: 1, parent: 0, ms: 180 });
    expect(treeTime(all, 1)).toBe(220);
    expect(treeTime(all, 4)).toBe(0);
  });

  it('of a unit is what was used above idling, never less than nothing', () => {
    expect(difference({ a: 300, b: 40 }, { a: 100 })).toEqual({ a: 200, b: 40 });
    expect(perUnit({ a: 200, b: 40 }, { a: 10, b: 10 }, 10, 5)).toEqual({ a: 20, b: 0, total: 20 });
  });
});

describe('the search for the highest rate', () => {
  const SEARCH = { first: 10, factor: 1.6, most: 100, closeEnough: 1.2 };
  const searched = (limit: number) => {
    const tried: Tried[] = [];
    for (let rate = nextRate(tried, SEARCH); rate !== null; rate = nextRate(tried, SEARCH))
      tried.push({ rate, holds: rate <= limit });
    return tried;
  };

  it.each([2, 3, 10, 37, 55, 99])('ends close below %i', (limit) => {
    const tried = searched(limit);
    expect(highest(tried)).toBeLessThanOrEqual(limit);
    expect(highest(tried)).toBeGreaterThan(limit < 4 ? 0 : limit / 1.25 - 1);
    expect(tried.length).toBeLessThan(12);
  });

  it('ends at the most that is tried, and at nothing', () => {
    expect(highest(searched(1_000))).toBe(100);
    expect(highest(searched(0))).toBe(0);
  });
});

describe("app_queue's look", () => {
  it('gives each caller the member idle longest who has the skill, nobody twice', () => {
    const member = (id: string, idleSince: number, ...skills: string[]) => ({
      ...{ id, idleSince, free: true, skills: new Set(skills) },
    });
    const members = [
      ...[member('a', 30, 'x'), member('b', 10, 'x'), member('c', 5, 'y')],
      { ...member('d', 1, 'x'), free: false },
    ];
    const callers = ['x', 'x', 'x', 'y'].map((skill, i) => ({ id: `${i}`, skill }));
    expect(lookOnce(callers, members)).toEqual([
      { caller: '0', member: 'b' },
      { caller: '1', member: 'a' },
      { caller: '3', member: 'c' },
    ]);
  });
});
