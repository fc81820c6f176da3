import * as fc from 'fast-check';
import { DateTime } from 'luxon';
import { describe, expect, it } from 'vitest';
import {
  CLOCKS,
  coursesOf,
  readClocks,
  type HistoryEntry,
  type Reading,
  type Targets,
  type WorkingTime,
} from '../../src/cases/clocks.ts';
import {
  ACTIONS,
  decide,
  KIND,
  OVER,
  PARTIES,
  UNANSWERED,
  type Action,
  type CaseState,
} from '../../src/cases/rules.ts';
import { addWorkingSeconds, defaultSchedule, workingSecondsBetween } from '../../src/hours/rules.ts';

const zone = 'Asia/Tehran';
const schedule = defaultSchedule(zone);
const instant = (ms: number) => DateTime.fromMillis(ms, { zone });
const time: WorkingTime = {
  secondsBetween: (from, to) => workingSecondsBetween(schedule, 'finance', instant(from), instant(to)),
  add: (from, seconds) => {
    const at = addWorkingSeconds(schedule, 'finance', instant(from), seconds)?.toMillis() ?? null;
    return at === null ? null : Math.round(at);
  },
};
const HOUR = 3600;
const targets: Targets = {
  seconds: { acknowledge: HOUR, answer: 8 * HOUR, resolve: 40 * HOUR },
  alarmShare: 0.8,
};
const at = (text: string) => DateTime.fromISO(text, { zone }).toMillis();
const told = (ms: number | null) => (ms === null ? null : instant(ms).toFormat('MM-dd HH:mm'));

type Step = [action: Action, when: string, more?: { by?: string; citizenAt?: string }];

/** A history that begins on Saturday 5 December 2026 and goes as the table has it. */
function history(opened: string, ...steps: Step[]): HistoryEntry[] {
  const entries: HistoryEntry[] = [
    {
      at: at(opened),
      actor: 'system',
      kind: 'case.opened',
      state: 'received',
      citizenAt: at(opened) - 60_000,
    },
  ];
  let state: CaseState = 'received';
  for (const [action, when, { by = 'account:1', citizenAt } = {}] of steps) {
    const verdict = decide({ state, owner: '1' }, action, PARTIES);
    if (!('to' in verdict)) throw new Error(`${action} in ${state}`);
    state = verdict.to;
    entries.push({
      ...{ at: at(when), actor: by, kind: KIND[action], state },
      citizenAt: citizenAt === undefined ? null : at(citizenAt),
    });
  }
  return entries;
}

function clocks(...given: Parameters<typeof history>): Record<string, Reading> {
  const readings = readClocks(coursesOf(history(...given)), targets, time);
  return Object.fromEntries(readings.map((reading) => [reading.clock, reading]));
}

const dues = (...given: Parameters<typeof history>) =>
  CLOCKS.map((clock) => told(clocks(...given)[clock]?.dueAt ?? null));
const system = { by: 'system' };

describe('the clocks', () => {
  it('count working time from the citizen’s moment on, however late the case was opened', () => {
    expect(dues('2026-12-05T15:31')).toEqual(['12-06 08:30', '12-06 15:30', '12-10 15:30']);
  });

  it('alarm when four fifths are used up', () => {
    const { acknowledge, answer } = clocks('2026-12-05T08:01');
    expect(told(acknowledge!.alarmAt)).toBe('12-05 08:48');
    expect(told(answer!.alarmAt)).toBe('12-05 14:24');
  });

  it('are stopped by people alone', () => {
    const joined = clocks('2026-12-05T08:01', ['join-call', '2026-12-05T08:20', system]);
    expect(joined['acknowledge']!.stoppedAt).toBeNull();
    const taken = clocks('2026-12-05T08:01', ['triage', '2026-12-05T08:20']);
    expect(told(taken['acknowledge']!.stoppedAt)).toBe('12-05 08:20');
    expect(taken['answer']!.stoppedAt).toBeNull();
    const answered = clocks('2026-12-05T08:01', ['answer', '2026-12-05T09:00']);
    expect(told(answered['answer']!.stoppedAt)).toBe('12-05 09:00');
    expect(answered['resolve']!.stoppedAt).toBeNull();
  });

  it('go on beside notes, thanks and follow-up dates', () => {
    const before = clocks('2026-12-05T08:01');
    expect(
      clocks('2026-12-05T08:01', ['note', '2026-12-05T08:10'], ['set-follow-up', '2026-12-05T08:11']),
    ).toEqual(before);
    const answered = clocks('2026-12-05T08:01', ['answer', '2026-12-05T09:00']);
    expect(
      clocks('2026-12-05T08:01', ['answer', '2026-12-05T09:00'], ['citizen-thanked', '2026-12-06T09:00']),
    ).toEqual(answered);
  });

  it('stand still while the citizen is asked, and are then due so much later', () => {
    const asked: Step = ['ask-citizen', '2026-12-05T10:00'];
    expect(dues('2026-12-05T08:01', asked)).toEqual(['12-05 09:00', null, null]);
    expect(dues('2026-12-05T08:01', asked, ['citizen-replied', '2026-12-07T10:00'])).toEqual([
      ...['12-05 09:00', '12-07 16:00', '12-11 16:00'],
    ]);
  });

  it('go on from when the citizen replied, not from when it was written down', () => {
    const [, answer] = dues(
      '2026-12-05T08:01',
      ['ask-citizen', '2026-12-05T10:00'],
      ['citizen-replied', '2026-12-07T12:00', { citizenAt: '2026-12-07T10:00' }],
    );
    expect(answer).toBe('12-07 16:00');
  });

  it('of a met deadline keep the deadline, also where it was met during a pause', () => {
    const met = clocks('2026-12-05T08:01', ['answer', '2026-12-05T09:00'], ['close', '2026-12-05T09:30']);
    expect([told(met['answer']!.dueAt), told(met['resolve']!.dueAt)]).toEqual(['12-05 16:00', '12-09 16:00']);
    const paused = clocks(
      '2026-12-05T08:01',
      ['ask-citizen', '2026-12-05T10:00'],
      ['answer', '2026-12-08T10:00'],
    );
    expect(told(paused['answer']!.dueAt)).toBe('12-08 16:00');
    expect(paused['answer']!.stoppedAt).toBeLessThan(paused['answer']!.dueAt!);
  });

  it('begin again where the citizen says it is not solved, from that message', () => {
    const story: Step[] = [
      ['answer', '2026-12-05T09:00'],
      ['close', '2026-12-05T09:30'],
      ['request-reopen', '2026-12-12T14:00', { citizenAt: '2026-12-12T12:00' }],
    ];
    const asked = clocks('2026-12-05T08:01', ...story);
    expect(asked['answer']).toMatchObject({ stoppedAt: null, startedAt: at('2026-12-12T12:00') });
    expect(told(asked['answer']!.dueAt)).toBe('12-13 12:00');
    expect(asked['resolve']!.startedAt).toBe(at('2026-12-12T12:00'));
    expect(asked['acknowledge']).toMatchObject({ stoppedAt: null, startedAt: at('2026-12-12T12:00') });
    expect(told(asked['acknowledge']!.dueAt)).toBe('12-12 13:00');
    // Whoever opens it has taken it up.
    const reopened = clocks('2026-12-05T08:01', ...story, ['reopen', '2026-12-13T10:00']);
    expect(reopened).toEqual({
      ...asked,
      acknowledge: { ...asked['acknowledge'], stoppedAt: at('2026-12-13T10:00') },
    });
  });

  it('begin again also where the program has heard it, and then wait for a person', () => {
    const late = clocks(
      '2026-12-05T08:01',
      ['close-reached', '2026-12-05T08:30', system],
      ['request-reopen', '2026-12-06T09:10', { ...system, citizenAt: '2026-12-06T09:00' }],
    );
    expect(CLOCKS.map((clock) => [late[clock]!.stoppedAt, told(late[clock]!.startedAt)])).toEqual(
      CLOCKS.map(() => [null, '12-06 09:00']),
    );
    expect(told(late['acknowledge']!.dueAt)).toBe('12-06 10:00');
  });

  it('of a case that was answered and not closed: what is still to be solved goes on', () => {
    const { acknowledge, answer, resolve } = clocks(
      '2026-12-05T08:01',
      ['answer', '2026-12-05T09:00'],
      ['reopen', '2026-12-06T10:00', { citizenAt: '2026-12-06T09:30' }],
    );
    expect([told(acknowledge!.startedAt), told(acknowledge!.stoppedAt)]).toEqual([
      ...['12-06 09:30', '12-06 10:00'],
    ]);
    expect(told(answer!.dueAt)).toBe('12-07 09:30');
    expect(told(resolve!.dueAt)).toBe('12-09 16:00');
  });

  it('of a case wrongly taken for spam have run all the while', () => {
    expect(
      dues(
        '2026-12-05T08:01',
        ['spam', '2026-12-05T08:30'],
        ['note', '2026-12-06T09:00'],
        ['reopen', '2026-12-08T09:00'],
      ),
    ).toEqual(dues('2026-12-05T08:01'));
    const triaged: Step = ['triage', '2026-12-05T08:20'];
    expect(
      clocks('2026-12-05T08:01', triaged, ['spam', '2026-12-05T08:30'], ['reopen', '2026-12-08T09:00']),
    ).toEqual(clocks('2026-12-05T08:01', triaged));
  });

  it('go by the calendar where there is no opening for a year', () => {
    const never: WorkingTime = { secondsBetween: () => 0, add: () => null };
    const [acknowledge] = readClocks(coursesOf(history('2026-12-05T08:01')), targets, never);
    expect(told(acknowledge!.dueAt)).toBe('12-05 09:00');
  });
});

/** Any walk through the table, with steps of up to four days. */
const walks = fc.array(
  fc.record({ pick: fc.nat(), minutes: fc.integer({ min: 0, max: 4 * 24 * 60 }), person: fc.boolean() }),
  { maxLength: 12 },
);

function walk(steps: readonly { pick: number; minutes: number; person: boolean }[]): HistoryEntry[] {
  const entries = history('2026-12-05T11:30');
  let state: CaseState = 'received';
  for (const { pick, minutes, person } of steps) {
    const owner = pick % 2 === 0 ? '1' : null;
    const possible = ACTIONS.filter((action) => 'to' in decide({ state, owner }, action, PARTIES));
    const action = possible[pick % possible.length]!;
    const verdict = decide({ state, owner }, action, PARTIES);
    if ('to' in verdict) state = verdict.to;
    const last = entries.at(-1)!.at;
    entries.push({
      ...{ at: last + minutes * 60_000, actor: person ? 'account:1' : 'system', kind: KIND[action], state },
      citizenAt: null,
    });
  }
  return entries;
}

describe('of any history', () => {
  const read = (entries: HistoryEntry[]) => readClocks(coursesOf(entries), targets, time);

  it('stand still exactly while the citizen is asked, and run exactly while something is owed', () => {
    fc.assert(
      fc.property(walks, (steps) => {
        const entries = walk(steps);
        const { state } = entries.at(-1)!;
        const { answer, resolve } = coursesOf(entries);
        expect(resolve.stoppedAt === null).toBe(!OVER.includes(state));
        if (OVER.includes(state)) expect(answer.stoppedAt).not.toBeNull();
        if (UNANSWERED.includes(state)) {
          const running = resolve.stretches.at(-1)!.to === null;
          expect(running).toBe(state !== 'waiting-citizen');
        }
      }),
    );
  });

  it('have used up exactly their target of working time when they are due', () => {
    fc.assert(
      fc.property(walks, (steps) => {
        const entries = walk(steps);
        const courses = coursesOf(entries);
        for (const { clock, dueAt, alarmAt } of read(entries)) {
          if (dueAt === null) continue;
          const { stretches, stoppedAt } = courses[clock];
          const used = stretches
            .map(({ from, to }, index) => {
              const last = index === stretches.length - 1 && (to === null || stoppedAt !== null);
              const end = last ? dueAt : Math.min(to ?? dueAt, dueAt);
              return end <= from ? 0 : time.secondsBetween(from, end);
            })
            .reduce((sum, seconds) => sum + seconds, 0);
          expect(used).toBeCloseTo(targets.seconds[clock], 2);
          expect(alarmAt).toBeLessThanOrEqual(dueAt);
        }
      }),
    );
  });

  it('do not change by escalations and notes', () => {
    fc.assert(
      fc.property(walks, (steps) => {
        const entries = walk(steps);
        const without = entries.filter(({ kind }) => kind !== 'case.escalated' && kind !== 'case.noted');
        expect(read(without)).toEqual(read(entries));
      }),
    );
  });

  it('are stopped by no entry of the program unless the case is over', () => {
    fc.assert(
      fc.property(walks, (steps) => {
        const entries = walk(steps).map((entry) => ({ ...entry, actor: 'system' }));
        const { acknowledge, answer } = coursesOf(entries);
        const ended = entries.some(({ state }) => OVER.includes(state));
        if (!ended) expect([acknowledge.stoppedAt, answer.stoppedAt]).toEqual([null, null]);
      }),
    );
  });
});
