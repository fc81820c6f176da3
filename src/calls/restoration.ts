import type { Log } from '../log.ts';
import type { Routing } from '../routing/routing.ts';
import type { Call } from './call.ts';
import { waitingEntry } from './queue-entry.ts';
import { giveBack } from './reconcile.ts';
import type { Runner } from './runner.ts';
import type { Snapshots } from './snapshots.ts';
import type { Switchboard } from './switchboard.ts';

/**
 * Redis was emptied: everything it knew of calls is put back from the calls themselves. Rings and talks come first, so that
 * nobody who is at work is taken for idle, then places, with the score they had; at last the snapshots. What Redis still
 * knows stands, so that this may be done at any time, and again.
 */
export interface Restoration {
  /** @returns how many rings, talks and places were put back. @throws `redis-failed` */
  all(): Promise<{ held: number; waiting: number }>;
}

export interface RestorationDeps {
  routing: Routing;
  switchboard: Switchboard;
  snapshots: Snapshots;
  /** Whether all calls there are have been taken up; before that a snapshot may be all there is of one. */
  complete: () => boolean;
  log: Log;
  wrapUpSeconds: number;
}

export function createRestoration(deps: RestorationDeps): Restoration {
  const { routing, switchboard } = deps;
  return {
    async all() {
      const runners = [...switchboard.live().values()];
      const held = await Promise.all(runners.map((runner) => hold(runner, deps)));
      const waiting = await Promise.all(
        runners.map(async (runner) => {
          const call = runner.call();
          if (!waits(call) || (await routing.position(call.id)) !== null) return false;
          await routing.enqueue(waitingEntry(call));
          // Left meanwhile: the leaving found nobody to take out.
          if (!waits(runner.call()) && !isHeld(runner.call())) await giveBack(routing, call.id);
          return true;
        }),
      );
      await switchboard.saveAll();
      if (deps.complete()) await dropEnded(deps);
      return { held: count(held), waiting: count(waiting) };
    },
  };
}

/** A Redis put back to an earlier moment knows calls that are over. */
async function dropEnded({ snapshots, switchboard }: RestorationDeps): Promise<void> {
  const { kept } = await snapshots.all();
  for (const { call } of kept) if (!switchboard.live().has(call.id)) await snapshots.remove(call.id);
}

const count = (done: readonly boolean[]): number => done.filter(Boolean).length;

const waits = ({ state, joined, offer }: Call): boolean =>
  joined &&
  (state === 'position' ||
    state === 'waiting' ||
    state === 'due' ||
    ((state === 'dialling' || state === 'inviting') && offer === null));

const isHeld = ({ state }: Call): boolean =>
  isKept(state) || state === 'connecting' || state === 'talking' || state === 'wrap-up';

/** @returns whether it was put back */
export async function hold(
  runner: Runner,
  { routing, log, wrapUpSeconds }: Omit<RestorationDeps, 'switchboard' | 'snapshots' | 'complete'>,
): Promise<boolean> {
  const call = runner.call();
  const { offerId, expertId, since } = atWork(call) ?? {};
  if (offerId === undefined || expertId === undefined) return false;
  const activity = isKept(call.state) ? 'ringing' : 'talking';
  const result = await routing.resume({
    ...waitingEntry(call),
    ...{ activity, offerId, expertId, since: since ?? call.queuedAt ?? call.enteredAt },
  });
  if (result === 'taken') log.warn({ callId: call.id, expertId }, 'expert.taken');
  if (result !== 'resumed') return false;
  if (call.state === 'wrap-up') await routing.release(call.id, wrapUpSeconds);
  // What ended meanwhile found nothing to end.
  else if (runner.call().visit !== call.visit && !isHeld(runner.call())) await giveBack(routing, call.id);
  else if (runner.call().state === 'wrap-up') await routing.release(call.id, wrapUpSeconds);
  return true;
}

/** An expert is reserved for the call, rung or not. */
const isKept = (state: Call['state']): boolean =>
  state === 'ringing' || state === 'dialling' || state === 'inviting';

function atWork({ state, offer, talk }: Call): { offerId: string; expertId: string; since?: number } | null {
  if (isKept(state) || state === 'connecting') return offer;
  if ((state === 'talking' || state === 'wrap-up') && talk !== null)
    return { offerId: talk.offerId, expertId: talk.expertId, since: talk.startedAt };
  return null;
}
