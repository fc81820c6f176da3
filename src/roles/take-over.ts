import type { Telephony, TelephonyEvent } from '../asterisk/telephony.ts';
import { aborted } from '../platform/signals.ts';
import type { Predecessor } from './succession.ts';

/** Between the opening of our own socket and the taking up of the calls. */

type Told = Pick<Telephony, 'onEvent' | 'onLink' | 'link'>;

/** A predecessor that has agreed to go is asked whether it has finished once our socket is open: Asterisk may be away. */
const SOCKET_WITHIN_MS = 5000;

/** Keeps what the exchange tells until somebody is there to hear it. */
export function keepEvents(telephony: Told): { stop(): TelephonyEvent[] } {
  const heard: TelephonyEvent[] = [];
  const stop = telephony.onEvent((event) => void heard.push(event));
  // The end of what was told before may never be told: the next connection looks at what is there.
  const forget = telephony.onLink((state) => {
    if (state === 'down') heard.length = 0;
  });
  return {
    stop: () => {
      stop();
      forget();
      return heard;
    },
  };
}

/** Waits until the predecessor has finished; without one there is nothing to wait for, not even for the exchange. */
export async function takeTurn(
  predecessor: Predecessor | null,
  telephony: Told,
  signal: AbortSignal,
): Promise<void> {
  if (predecessor === null) return;
  if (telephony.link() !== 'ready') {
    const ready = new Promise<void>((resolve) => {
      const stop = telephony.onLink((state) => {
        if (state !== 'ready') return;
        stop();
        resolve();
      });
    });
    await Promise.race([ready, aborted(signal), aborted(AbortSignal.timeout(SOCKET_WITHIN_MS))]);
  }
  await predecessor.finished();
}
