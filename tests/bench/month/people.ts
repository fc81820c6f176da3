import type { Chance } from '../../support/random.ts';
import type { People, SimulatedExchange } from '../../support/simulation/exchange.ts';
import type { VirtualTime } from '../../support/simulation/time.ts';

/** Citizens and experts of a month, as they are on the telephone: who waits how long, who answers, who wants what instead. */

export interface Visit {
  /** Milliseconds since midnight. */
  at: number;
  /** As the network sends it; '': withheld. */
  caller: string;
  digit: string;
  patienceMs: number;
}

export interface PeopleDeps {
  time: VirtualTime;
  chance: Chance;
  exchange: () => SimulatedExchange;
  /** By keypad, in the wrap-up. */
  setsOutcome: (expertId: string, digit: string) => void;
  /** Who gave up may dial again. */
  dialsAgain: (visit: Visit) => void;
}

const MINUTE = 60_000;
/** Q.850 */
const [NORMAL, BUSY, DECLINED, OUT_OF_ORDER] = [16, 17, 21, 27];
const OUTCOMES = ['1', '1', '1', '1', '2', '3', '4'];

/** Exponential with this mean. */
export const exponential = (chance: Chance, meanMs: number): number =>
  Math.round(-meanMs * Math.log(1 - chance.whole(0, 999_999) / 1_000_000));

/** Of a talk: most are short, few very long (a sum of two exponentials). */
const talkMs = (chance: Chance): number =>
  20_000 + exponential(chance, 1.8 * MINUTE) + exponential(chance, 1.8 * MINUTE);

export function createPeople(deps: PeopleDeps): People & { calls(visit: Visit): void } {
  const { time, chance, exchange } = deps;
  const visits = new Map<string, Visit>();
  const talked = new Set<string>();

  function calls(visit: Visit): void {
    const channel = exchange().citizenCalls(visit.caller);
    visits.set(channel, visit);
    time.after(visit.patienceMs, () => givesUp(channel, visit));
  }

  function givesUp(channel: string, visit: Visit): void {
    if (talked.has(channel) || !exchange().alive(channel)) return;
    exchange().hangUp(channel, NORMAL);
    if (chance.percent(30)) deps.dialsAgain({ ...visit, patienceMs: 2 * visit.patienceMs });
  }

  const presses = (channel: string, digits: readonly string[], withinMs = 5000) =>
    time.after(chance.whole(300, withinMs), () => exchange().press(channel, chance.pick(digits)));

  /** Of a hundred who hear something. */
  const some = (share: number, act: () => void) => (chance.percent(share) ? act() : undefined);

  return {
    calls,
    hears: (channel, sounds) => {
      const visit = visits.get(channel);
      if (sounds.includes('clinic/menu')) some(92, () => presses(channel, [visit?.digit ?? '3']));
      if (sounds.includes('queue/keys')) some(4, () => presses(channel, ['1', '1', '2']));
      if (sounds.includes('closed/keys')) some(60, () => presses(channel, ['1', '1', '1', '2'], 9000));
      if (sounds.includes('closed/we-call')) some(20, () => presses(channel, ['2']));
      if (sounds.includes('survey/question')) some(60, () => presses(channel, ['3', '4', '5', '5']));
      if (sounds.includes('callback/keys'))
        some(95, () => presses(channel, ['1', '1', '1', '1', '1', '1', '1', '1', '2', '3'], 4000));
    },
    rings: (_expertId, { answer, refuse }) => {
      const does = chance.whole(1, 100);
      if (does <= 94) time.after(chance.whole(1000, 7000), answer);
      else if (does <= 96) time.after(chance.whole(500, 4000), () => refuse(DECLINED));
      return 'rings';
    },
    called: (_number, { answer, refuse }) => {
      const does = chance.whole(1, 100);
      if (does <= 72) time.after(chance.whole(3000, 18_000), answer);
      else if (does <= 80) time.after(chance.whole(500, 3000), () => refuse(BUSY));
    },
    joined: (citizen, leg, expertId) => {
      talked.add(citizen);
      const forMs = talkMs(chance);
      const does = chance.whole(1, 200);
      time.after(forMs, () => {
        if (does <= 100) exchange().hangUp(citizen, NORMAL);
        else exchange().hangUp(leg, does === 200 ? OUT_OF_ORDER : NORMAL);
      });
      if (chance.percent(90))
        time.after(forMs + chance.whole(2000, 20_000), () =>
          deps.setsOutcome(expertId, chance.pick(OUTCOMES)),
        );
    },
    leavesBehind: (_channel, wish) => {
      if (wish === 'callback') return { keyed: chance.percent(10) ? '02188001122' : '', seconds: 0 };
      if (wish === 'message') return { keyed: '', seconds: chance.percent(85) ? chance.whole(5, 90) : 0 };
      return { keyed: '', seconds: chance.percent(50) ? 12 : 0 };
    },
    over: (channel) => {
      visits.delete(channel);
      talked.delete(channel);
    },
  };
}
