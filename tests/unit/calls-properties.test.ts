import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallEvent, Effect } from '../../src/calls/call.ts';
import { STATES } from '../../src/calls/call.ts';
import { TABLE, step } from '../../src/calls/machine.ts';
import { revive } from '../../src/calls/revival.ts';
import {
  closed,
  entries,
  NOW,
  offered,
  open,
  settings as usual,
  start,
  timer,
  wordsOver,
} from '../support/call-fixtures.ts';

/** Every talk is asked about, however short. */
const settings = { ...usual, surveyMinTalkSeconds: 0 };

type Maker = (call: ReturnType<typeof start>['call']) => CallEvent;

const offerIds = fc.constantFrom('o1', 'o2', 'o3');
/** Events as the world may send them: right, late, doubled, of another offer. */
const anyEvent: fc.Arbitrary<Maker> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Maker>(wordsOver) },
  {
    weight: 4,
    arbitrary: fc
      .constantFrom('0', '1', '2', '3', '4', '5', '7', '#')
      .map((digit): Maker => () => ({ type: 'citizen-digit', digit })),
  },
  {
    weight: 4,
    arbitrary: fc.boolean().map(
      (isOpen): Maker =>
        (call) =>
          (isOpen ? open : closed)(call.specialty),
    ),
  },
  { weight: 4, arbitrary: fc.constant<Maker>(() => ({ type: 'queue-joined', position: 2 })) },
  {
    weight: 6,
    arbitrary: offerIds.map(
      (id): Maker =>
        () =>
          offered(id),
    ),
  },
  { weight: 6, arbitrary: offerIds.map((offerId): Maker => () => ({ type: 'expert-answered', offerId })) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(offerIds, fc.boolean())
      .map(([offerId, accepted]): Maker => () => ({ type: 'accept-told', offerId, accepted })),
  },
  { weight: 6, arbitrary: offerIds.map((offerId): Maker => () => ({ type: 'bridged', offerId })) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(offerIds, fc.constantFrom(16, 44, null))
      .map(([offerId, cause]): Maker => () => ({ type: 'expert-gone', offerId, cause })),
  },
  {
    weight: 2,
    arbitrary: offerIds.map((offerId): Maker => () => ({ type: 'expert-failed', offerId, reason: 'busy' })),
  },
  {
    weight: 2,
    arbitrary: fc
      .constantFrom(
        'silence',
        'repeat-position',
        'no-answer',
        'join-again',
        'listen-again',
        'last-words',
        'wrap-up-over',
      )
      .map((name) => timer(name)),
  },
  {
    weight: 2,
    arbitrary: offerIds.map((offerId): Maker => () => ({ type: 'telephone-vanished', offerId })),
  },
  {
    weight: 2,
    arbitrary: fc
      .tuple(offerIds, fc.constantFrom(7, 8, null))
      .map(([offerId, packets]): Maker => () => ({ type: 'packets-told', offerId, packets })),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(offerIds, fc.boolean()).map(([offerId, paused]): Maker => () => ({
      type: 'recording-switched',
      offerId,
      paused,
      actor: 'expert:e001',
    })),
  },
  { weight: 1, arbitrary: fc.constant<Maker>(() => ({ type: 'queue-failed', code: 'x', detail: 'y' })) },
  { weight: 1, arbitrary: fc.constant<Maker>(() => ({ type: 'position-told', position: 1 })) },
  { weight: 1, arbitrary: fc.constant<Maker>(() => ({ type: 'wrap-up-ended', expertId: 'e001' })) },
  {
    weight: 1,
    arbitrary: fc.constant<Maker>(() => ({ type: 'outcome-set', expertId: 'e001', code: 'resolved' })),
  },
  { weight: 1, arbitrary: fc.constant<Maker>(() => ({ type: 'citizen-gone', cause: 16 })) },
);

const ending: Maker[] = [
  () => ({ type: 'citizen-gone', cause: 16 }),
  () => ({ type: 'wrap-up-ended', expertId: 'e001' }),
  () => ({ type: 'citizen-gone', cause: 16 }),
];

describe('whatever happens to a call', () => {
  it('goes only where the table says, numbers its story without gaps and ends exactly once', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
        let { call } = start();
        const all: Effect[] = [...start().effects];
        for (const make of [...events, ...ending]) {
          const event = make(call);
          const next = step(call, event, settings, NOW);
          const cell = TABLE[call.state][event.type];
          if (next.call.state !== call.state) {
            expect('to' in cell && cell.to, `${call.state} × ${event.type} → ${next.call.state}`).toContain(
              next.call.state,
            );
          }
          call = next.call;
          all.push(...next.effects);
        }
        expect(call.state).toBe('ended');
        const story = entries(all);
        expect(story.map((entry) => entry.seq)).toEqual(story.map((_, index) => index + 1));
        expect(story.filter((entry) => entry.kind === 'call.ended')).toHaveLength(1);
      }),
      { numRuns: 2000 },
    );
  });

  it('ends every offer it made and every talk it began, once', () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), (events) => {
        let { call } = start();
        const all: Effect[] = [];
        for (const make of [...events, ...ending]) {
          const next = step(call, make(call), settings, NOW);
          call = next.call;
          all.push(...next.effects);
        }
        const story = entries(all);
        const count = (kind: string) => story.filter((entry) => entry.kind === kind).length;
        expect(count('offer.ended')).toBe(count('offer.made'));
        expect(count('segment.ended')).toBe(count('call.answered'));
        // Whoever joined the queue has left it, by the door or by a talk that was released.
        const lastJoin = all.findLastIndex(
          (effect) => effect.do === 'join-queue' || effect.do === 'rejoin-queue',
        );
        const lastLeave = all.findLastIndex((effect) =>
          ['leave-queue', 'release', 'to-fallback'].includes(effect.do),
        );
        expect(lastLeave).toBeGreaterThanOrEqual(lastJoin === -1 ? -1 : lastJoin + 1);
      }),
      { numRuns: 2000 },
    );
  });

  it('has at most one mark, from 1 to 5, for the expert of its last talk, between that and its end', () => {
    let marked = 0;
    fc.assert(
      fc.property(
        fc.array(anyEvent, { maxLength: 60 }),
        fc.constantFrom('1', '3', '5', '8'),
        (events, key) => {
          let { call } = start();
          const all: Effect[] = [];
          const toSurvey: Maker[] = [
            ...[open('transport'), { type: 'queue-joined', position: 1 } as const, offered('o9')],
            ...[{ type: 'expert-answered', offerId: 'o9' } as const],
            ...[{ type: 'accept-told', offerId: 'o9', accepted: true } as const],
            ...[{ type: 'bridged', offerId: 'o9' } as const],
            ...[{ type: 'expert-gone', offerId: 'o9', cause: 16 } as const],
          ].map((event) => () => event);
          const answer: Maker = () => ({ type: 'citizen-digit', digit: key });
          for (const make of [...events, ...toSurvey, answer, ...ending]) {
            const next = step(call, make(call), settings, NOW);
            call = next.call;
            all.push(...next.effects);
          }
          const story = entries(all);
          const at = story.findIndex((entry) => entry.kind === 'survey.answered');
          if (at < 0) return;
          marked += 1;
          expect(story.filter((entry) => entry.kind === 'survey.answered')).toHaveLength(1);
          const talk = story.findLast((entry) => entry.kind === 'segment.ended');
          const { score, expertId } = story[at]!.data as { score: number; expertId: string };
          expect([1, 2, 3, 4, 5]).toContain(score);
          expect(talk).toMatchObject({ data: { expertId, by: 'expert' } });
          expect(story.indexOf(talk!)).toBeLessThan(at);
          expect(story.findIndex((entry) => entry.kind === 'call.ended')).toBeGreaterThan(at);
        },
      ),
      { numRuns: 2000 },
    );
    expect(marked).toBeGreaterThan(100);
  });

  it('can be taken up by another process at any point and still ends once', () => {
    fc.assert(
      fc.property(
        fc.array(anyEvent, { maxLength: 40 }),
        fc.array(anyEvent, { maxLength: 20 }),
        fc.boolean(),
        (before, later, legAlive) => {
          let { call } = start();
          const all: Effect[] = [...start().effects];
          const run = (makers: Maker[]) => {
            for (const make of makers) {
              const next = step(call, make(call), settings, NOW);
              call = next.call;
              all.push(...next.effects);
            }
          };
          run(before);
          if (call.state !== 'ended') {
            const taken = revive(call, legAlive, settings, NOW);
            call = taken.call;
            all.push(...taken.effects);
          }
          run([...later, ...ending]);
          expect(call.state).toBe('ended');
          expect(entries(all).filter((entry) => entry.kind === 'call.ended')).toHaveLength(1);
          expect(new Set(entries(all).map((entry) => entry.seq)).size).toBe(entries(all).length);
        },
      ),
      { numRuns: 2000 },
    );
  });

  it('names every state in the diagram once', () => {
    expect(new Set(STATES).size).toBe(STATES.length);
  });
});
