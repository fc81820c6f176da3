import { pause } from '../platform/signals.ts';
import type { Clock } from '../clock.ts';

/** A timer this late was held up by us (a long computation, a stopped process), not by the other side. */
const STALL_MS = 250;

/**
 * Calls `onExpired` after `ms`. If we ourselves were held up meanwhile, answers may lie unread in the sockets, and timers
 * run before sockets are read: then the time starts once more instead of blaming the other side.
 * @returns stops it.
 */
export function startDeadline(ms: number, clock: Clock, onExpired: () => void): () => void {
  let due = clock.monotonic() + ms;
  let again = true;
  let timer = setTimeout(expire, ms);
  function expire(): void {
    if (again && clock.monotonic() - due > STALL_MS) {
      again = false;
      due = clock.monotonic() + ms;
      timer = setTimeout(expire, ms);
    } else onExpired();
  }
  return () => clearTimeout(timer);
}

/** Sockets opened sooner than 5 ms after a drop were accepted and deaf in 13 of 600 trials; none with a delay. */
export const SHORTEST_DELAY_MS = 100;
/** The dialplan's loop keeps callers for about 10 s: waiting longer than a second between attempts would lose some. */
const LONGEST_DELAY_MS = 1000;

/**
 * Time before the next attempt: 100 ms and a random part that doubles with every failure, 1 s at most.
 * @param random in [0, 1): several processes that lost the same exchange do not come back in step.
 */
export function retryDelay(failures: number, random: number): number {
  const span = Math.min(
    LONGEST_DELAY_MS - SHORTEST_DELAY_MS,
    SHORTEST_DELAY_MS * 2 ** Math.min(failures, 10),
  );
  return SHORTEST_DELAY_MS + Math.floor(random * span);
}

/**
 * Waits for work that cannot be stopped, but neither beyond the signal nor longer than `ms`.
 * @throws the work's own fault, the signal's reason, or what `late` makes.
 */
export function within<T>(
  work: PromiseLike<T>,
  signal: AbortSignal,
  limit: { ms: number; clock: Clock; late: () => Error },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void): void => {
      stop();
      signal.removeEventListener('abort', aborted);
      then();
    };
    const aborted = (): void => settle(() => reject(reasonOf(signal)));
    const stop = startDeadline(limit.ms, limit.clock, () => settle(() => reject(limit.late())));
    signal.addEventListener('abort', aborted);
    if (signal.aborted) aborted();
    work.then(
      (value) => settle(() => resolve(value)),
      (error: unknown) => settle(() => reject(error instanceof Error ? error : new Error(String(error)))),
    );
  });
}

export function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error('ended');
}

/** One attempt: why it is over, and whether it had got as far as working. */
export interface Attempt {
  reason: Error;
  worked: boolean;
}

/**
 * Attempts again and again, for ever; ends when the signal comes or `onLost` says so. A connection that worked starts
 * the growing of the delays anew.
 * @param onLost after every attempt but one ended by the signal; failures: in a row before this one.
 */
export async function forever(
  signal: AbortSignal,
  attempt: () => Promise<Attempt>,
  onLost: (reason: Error, failures: number) => 'again' | 'stop',
): Promise<void> {
  let failures = 0;
  while (!signal.aborted) {
    const { reason, worked } = await attempt();
    if (worked) failures = 0;
    if (signal.aborted || onLost(reason, failures) === 'stop') return;
    await pause(retryDelay(failures++, Math.random()), signal);
  }
}
