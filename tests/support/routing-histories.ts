import fc from 'fast-check';
import {
  NO_RULES,
  type AsyncTransitions,
  type Rules,
  type Told,
  type Transitions,
} from '../../src/routing/mechanism.ts';
import type { Intent, MissReason } from '../../src/routing/routing.ts';
import { T0 } from './routing.ts';

/** Random histories of routing: few citizens, few experts, everything that can happen to them, right, late and doubled. */

export const SPECIALTIES = ['finance', 'transport', 'urban-planning'];
export const CALLS = ['c1', 'c2', 'c3', 'c4', 'c5', 'c6', 'c7'];
const EXPERTS = ['e001', 'e002', 'e003', 'e004'];

type Names = keyof Transitions;
/** One step: the same transition with the same arguments, but offers are named by how recently they were told. */
export interface Step {
  name: Names;
  afterMs: number;
  args: (world: { now: number; offers: readonly string[] }) => unknown[];
  said: string;
}

const callId = fc.constantFrom(...CALLS);
const expertId = fc.constantFrom(...EXPERTS);
const skills = fc.subarray(SPECIALTIES);
/** Side by side with the skills; as many as there can be. */
const levels = fc.tuple(...SPECIALTIES.map(() => fc.constantFrom(5, 5, 4, 2)));
const afterMs = fc.constantFrom(0, 0, 1, 400, 2500, 6000, 100_000);

function step(
  name: Names,
  values: fc.Arbitrary<readonly unknown[]>,
  toArgs?: (values: unknown[], world: { now: number; offers: readonly string[] }) => unknown[],
): fc.Arbitrary<Step> {
  return fc.tuple(afterMs, values).map(([wait, given]) => ({
    name,
    afterMs: wait,
    args: (world) => toArgs?.([...given], world) ?? [...given],
    said: `+${wait} ${name}(${given.map((value) => JSON.stringify(value)).join(', ')})`,
  }));
}

const entry = fc.tuple(
  callId,
  fc.constantFrom(...SPECIALTIES),
  fc.nat(3),
  fc.constantFrom(0, 0, 700),
  fc.nat(2),
  // Of the experts one, or none at all; from a window that is over to one that lasts.
  fc.option(fc.tuple(expertId, fc.constantFrom(-1, 0, 1, 3000, 20_000, 20_000)), { nil: null, freq: 2 }),
);
const toEntry = (values: unknown[], { now }: { now: number }) => {
  const [call, specialty, score, waited, attempts, kept] = values as [
    ...[string, string, number, number, number],
    [string, number] | null,
  ];
  const window = kept === null ? null : { expertId: kept[0], until: now + kept[1] };
  return [{ callId: call, specialty, score: T0 + score, queuedAt: now - waited, attempts, window }];
};
/** Mostly one of the offers told last; now and then an old one, or one that never was. */
const toOffer = (values: unknown[], { offers }: { offers: readonly string[] }) => {
  const [back, ...rest] = values as [number, ...unknown[]];
  return [offers.at(-1 - back) ?? 'never', ...rest];
};
const REASONS: MissReason[] = ['no-answer', 'busy', 'declined', 'unreachable', 'lost'];
const back = fc.oneof({ weight: 8, arbitrary: fc.nat(3) }, { weight: 1, arbitrary: fc.nat(30) });
const wish = fc.oneof(
  { weight: 4, arbitrary: fc.constant<[Intent, string | null, number | null]>(['ready', null, null]) },
  { weight: 1, arbitrary: fc.constant<[Intent, string | null, number | null]>(['offline', 'gone', 900]) },
  { weight: 1, arbitrary: fc.constant<[Intent, string | null, number | null]>(['paused', 'break', null]) },
  { weight: 1, arbitrary: fc.constant<[Intent, string | null, number | null]>(['paused', 'break', 3000]) },
);

const anyStep = fc.oneof(
  { weight: 8, arbitrary: step('enqueue', entry, toEntry) },
  { weight: 3, arbitrary: step('requeue', entry, toEntry) },
  {
    weight: 3,
    arbitrary: step(
      'resume',
      fc.tuple(entry, expertId, fc.constantFrom('ringing', 'talking')),
      (values, world) => {
        const [call, expert, activity] = values as [unknown[], string, string];
        const [known] = toEntry(call, world);
        const offerId = `held-${known!.callId}-${world.now}`;
        return [{ ...known, activity, offerId, expertId: expert, since: world.now }];
      },
    ),
  },
  { weight: 3, arbitrary: step('leave', fc.tuple(callId)) },
  { weight: 8, arbitrary: step('accept', fc.tuple(back), toOffer) },
  { weight: 6, arbitrary: step('miss', fc.tuple(back, fc.constantFrom(...REASONS)), toOffer) },
  { weight: 5, arbitrary: step('release', fc.tuple(callId, fc.constantFrom(0, 1000, 5000))) },
  { weight: 1, arbitrary: step('putExpert', fc.tuple(expertId, skills, levels)) },
  { weight: 1, arbitrary: step('removeExpert', fc.tuple(expertId)) },
  {
    weight: 4,
    arbitrary: step('setIntent', fc.tuple(expertId, wish), (values, { now }) => {
      const [expert, [intent, reason, until]] = values as [string, [Intent, string | null, number | null]];
      return [expert, intent, reason, until === null ? null : now + until];
    }),
  },
  { weight: 4, arbitrary: step('setReachable', fc.tuple(expertId, fc.boolean())) },
  { weight: 5, arbitrary: step('expire', fc.constant([])) },
);

/** Experts at their desks, so that histories are about calls and not about an empty room. */
const opening = fc
  .tuple(...EXPERTS.map(() => fc.tuple(fc.subarray(SPECIALTIES, { minLength: 1 }), levels)))
  .map((all): Step[] =>
    all.flatMap(([specialties, known], index) => {
      const expert = EXPERTS[index]!;
      const now = (name: Names, ...args: unknown[]): Step => ({
        ...{ name, afterMs: 0, args: () => args },
        said: `${name}(${args.map((arg) => JSON.stringify(arg)).join(', ')})`,
      });
      return [
        now('putExpert', expert, specialties, known),
        now('setIntent', expert, 'ready', null, null),
        now('setReachable', expert, true),
      ];
    }),
  );
export const history = fc
  .tuple(opening, fc.array(anyStep, { minLength: 5, maxLength: 40, size: 'max' }))
  .map(([first, then]): Step[] => {
    // Now and then two of the experts are not there from the start.
    const steps = [...first.slice(0, then.length % 5 === 0 ? 6 : 12), ...then];
    return Object.assign(steps, {
      [fc.toStringMethod]: () => `\n${steps.map(({ said }) => said).join('\n')}\n`,
    });
  });

const overflowTo = (specialty: string) =>
  fc
    .subarray(
      SPECIALTIES.filter((one) => one !== specialty),
      { minLength: 1 },
    )
    .chain((helpers) =>
      fc.tuple(
        ...helpers.map((helper) =>
          fc.record({ helper: fc.constant(helper), afterMs: fc.constantFrom(0, 1, 2500, 7000) }),
        ),
      ),
    );

/** None, levels alone, or queues that help each other out, both ways too. */
export const rules: fc.Arbitrary<Rules> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(NO_RULES) },
  {
    weight: 3,
    arbitrary: fc.record({
      levelStepMs: fc.constantFrom(0, 1, 1000, 3000),
      equityBoundMs: fc.constantFrom(0, 1, 500, 3000),
      overflow: fc.record(
        { finance: overflowTo('finance'), transport: overflowTo('transport') },
        { requiredKeys: [] },
      ),
    }),
  },
);

/** Carries out one transition by its name. */
export const perform = (target: Transitions | AsyncTransitions, name: Names, args: unknown[]) =>
  (target[name] as (...args: unknown[]) => Told<unknown> | Promise<Told<unknown>>)(...args);
