import { codeOf, messageOf } from '../platform/fault.ts';
import type { Waiting } from '../routing/routing.ts';
import type { NobodyAtWork, WaitEstimate } from '../routing/wait-range.ts';
import type { Call, Prospect } from './call.ts';
import { tellClosing } from './hours-told.ts';
import type { Mark } from './marks.ts';
import { entryOf, waitingEntry } from './queue-entry.ts';
import { about, type Do, type Doing, type EffectDeps } from './ports.ts';

/** The queue's effects: a citizen's place in it, what is told of it, and what becomes of an expert reserved for them. */

/** As the dialplan sets it on entering. */
const LONGEST_STAY_SECONDS = '3600';

type QueueEffect = 'join-queue' | 'rejoin-queue' | 'leave-queue' | 'ask-position' | 'miss' | 'release';

export function createQueueEffects(deps: EffectDeps, mark: Mark): Doing<QueueEffect> {
  const { routing, log } = deps;

  /** A transition that must not be lost and may be repeated: tried at once, and on until Redis has carried it out. */
  async function surely(call: Call, what: string, transition: () => Promise<unknown>): Promise<void> {
    try {
      await transition();
    } catch (error) {
      log.warn({ err: error, ...about(call) }, `${what}.delayed`);
      deps.later(transition);
    }
  }

  const joinQueue: Do<'join-queue' | 'rejoin-queue'> = async (call, effect, reply) => {
    try {
      const entry = await entryOf(call, deps, reply);
      const { position } = await (effect.do === 'join-queue'
        ? routing.enqueue(entry)
        : routing.requeue(entry));
      // Who comes back to the queue is told the wait when the place is told again.
      const prospect = effect.do === 'rejoin-queue' ? {} : await prospectOf(entry, position, deps);
      reply({ type: 'queue-joined', position, ...prospect });
      // Whom we have not reached yet has no channel.
      if (call.state === 'due') return;
      await mark(call.channelId, {
        CLINIC_SPECIALTY: entry.specialty,
        CLINIC_QUEUED_AT: String(entry.queuedAt),
        CLINIC_SCORE: String(entry.score),
        // Lifted for a talk that broke off; should we die, the dialplan takes over after this.
        'TIMEOUT(absolute)': LONGEST_STAY_SECONDS,
      });
    } catch (error) {
      log.error({ err: error, ...about(call) }, 'queue.failed');
      reply({ type: 'queue-failed', code: codeOf(error) ?? 'unknown', detail: messageOf(error) });
    }
  };

  /** Without Redis the offer still stands there: coming back to the queue frees the expert and offers on. */
  const miss: Do<'miss'> = async (call, { offerId, reason }, reply) => {
    try {
      await routing.miss(offerId, reason);
    } catch (error) {
      log.warn({ err: error, ...about(call), offerId }, 'miss.failed');
      reply({ type: 'queue-failed', code: codeOf(error) ?? 'unknown', detail: messageOf(error) });
    }
  };

  async function position(call: Call): Promise<number | null> {
    try {
      return await routing.position(call.id);
    } catch (error) {
      log.warn({ err: error, ...about(call) }, 'position.unknown');
      return null;
    }
  }

  return {
    'join-queue': joinQueue,
    'rejoin-queue': joinQueue,
    'leave-queue': (call) => surely(call, 'leave', () => routing.leave(call.id)),
    'ask-position': async (call, _effect, reply) => {
      const place = await position(call);
      const prospect = place === null ? {} : await prospectOf(waitingEntry(call), place, deps);
      reply({ type: 'position-told', position: place, ...prospect });
    },
    miss,
    release: (call, { wrapUpSeconds }) =>
      surely(call, 'release', () => routing.release(call.id, wrapUpSeconds)),
  };
}

async function prospectOf(entry: Waiting, place: number, deps: EffectDeps): Promise<Prospect> {
  const told = (await deps.waits?.ask(entry, place)) ?? null;
  if (told === null) return {};
  const now = deps.clock.now();
  const closing = tellClosing(deps, entry.specialty, now);
  const isTooLate = closing !== null && soonestMs(told, now) > closing.leftMs;
  return {
    ...('backAt' in told ? { nobodyAtWork: true } : { wait: told }),
    ...(isTooLate ? { tooLate: closing.words } : {}),
  };
}

/** How long it takes at the very least; where nobody is at work, until somebody is again. */
const soonestMs = (told: WaitEstimate | NobodyAtWork, now: number): number =>
  'backAt' in told ? (told.backAt ?? Infinity) - now : told.lowSeconds * 1000;
