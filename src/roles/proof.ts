import type { Telephony } from '../asterisk/telephony.ts';
import type { Log } from '../log.ts';
import { messageOf } from '../platform/fault.ts';

/*
 * What the role `calls` leaves in Asterisk for whoever has nothing but Asterisk to ask: a variable that changes as long as this
 * process hears the exchange and has the calls in its hands. The watchdog (watchdog.ts) and the dialplan compare it with the
 * last value at which nothing more was heard. It does not go by way of Redis, which may be away while the line is well.
 */

export const PROOF = 'CLINIC_PROOF';
const EVERY_MS = 1000;

export interface ProofDeps {
  telephony: Pick<Telephony, 'setGlobal' | 'trust'>;
  log: Log;
  /** Which process this is; letters, digits, `:`, `-` and `.`. */
  process: string;
  /** Whether the calls are in our hands. */
  works: () => boolean;
}

export interface Proof {
  /** Says so now, not only with the next beat. */
  give(): void;
  stop(): void;
}

export function startProof({ telephony, log, process, works }: ProofDeps): Proof {
  let beats = 0;
  let stopped = false;

  async function give(): Promise<void> {
    // Who has to ask whether the calls are still its own has not heard the exchange for too long.
    if (stopped || !works() || telephony.trust() !== true) return;
    try {
      await telephony.setGlobal(PROOF, `${process}.${++beats}`);
    } catch (error) {
      log.debug({ detail: messageOf(error) }, 'proof.missed');
    }
  }

  const timer = setInterval(() => void give(), EVERY_MS);
  return {
    give: () => void give(),
    stop: () => {
      stopped = true;
      clearInterval(timer);
    },
  };
}
