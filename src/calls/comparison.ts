import type { Log } from '../log.ts';
import type { Routing } from '../routing/routing.ts';
import type { Call } from './call.ts';
import { giveBack } from './reconcile.ts';
import { hold } from './restoration.ts';
import type { Switchboard } from './switchboard.ts';

/**
 * Redis and the live calls, compared every ten seconds: an answer lost, a transition never carried out or a Redis that was
 * emptied shows here at the latest, and is mended. What disagrees twice in a row disagrees; once, it is under way.
 * Nobody waits for this: it finds nothing as long as nothing breaks.
 */
export interface Comparison {
  /** @returns how many disagreements were mended. */
  once(): Promise<number>;
  /** Mended since the start. */
  mended(): number;
  close(): void;
}

const EVERY_MS = 10_000;

export interface ComparisonDeps {
  routing: Routing;
  switchboard: Switchboard;
  log: Log;
  wrapUpSeconds: number;
  /** Whether every call in the exchange has been taken up: till then each would look like one that is gone. */
  complete: () => boolean;
}

export function createComparison(deps: ComparisonDeps): Comparison {
  const { routing, switchboard, log } = deps;
  let suspects = new Set<string>();
  let mended = 0;

  async function once(): Promise<number> {
    if (!deps.complete()) {
      suspects.clear();
      return 0;
    }
    const [waiting, reservations] = [await routing.waiting(), await routing.reservations()];
    const places = new Set(waiting.map(({ callId }) => callId));
    const reserved = new Map(reservations.map((one) => [one.callId, one.activity]));
    const found = new Map<string, () => unknown>();
    for (const callId of [...places, ...reserved.keys()])
      if (!switchboard.live().has(callId)) found.set(`${callId} ownerless`, () => giveBack(routing, callId));
    for (const [callId, runner] of switchboard.live()) {
      if (runner.call().state === 'talking' && reserved.get(callId) !== 'talking')
        found.set(`${callId} unheld`, () => hold(runner, deps));
      if (disagrees(runner.call(), places.has(callId), reserved.get(callId)))
        found.set(`${callId} placeless`, () =>
          runner.post({ type: 'queue-failed', code: 'place-lost', detail: 'Redis knows another state' }),
        );
    }
    const certain = [...found].filter(([what]) => suspects.has(what));
    suspects = new Set(found.keys());
    for (const [what, mend] of certain) {
      log.warn({ callId: what.split(' ')[0], what }, 'disagreement.mended');
      await mend();
    }
    mended += certain.length;
    return certain.length;
  }

  const timer = setInterval(() => {
    once().catch((error: unknown) => log.debug({ err: error }, 'comparison.failed'));
  }, EVERY_MS);

  return { once, mended: () => mended, close: () => clearInterval(timer) };
}

/** A citizen under music, or to be called back, must stand in the queue, rung for by nobody. */
function disagrees(call: Call, hasPlace: boolean, activity: 'ringing' | 'talking' | undefined): boolean {
  return (call.state === 'waiting' || call.state === 'due') && (!hasPlace || activity !== undefined);
}
