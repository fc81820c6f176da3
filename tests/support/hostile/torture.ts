import { applicationMessages } from './torture-application.ts';
import { invalidMessages } from './torture-invalid.ts';
import { validMessages } from './torture-valid.ts';
import type { Origin } from './message.ts';

/**
 * The 49 cases of RFC 4475, each by its name there and with its own difficulty, written anew: our number instead of the
 * RFC's users, loopback instead of its addresses, so that a case gets as far into Asterisk as it can and nothing leaves the
 * machine.
 */

/** What came back: a SIP status, or nothing at all. */
export type Reply = number | 'silence';

export interface Torture {
  name: string;
  /** What is odd about it. */
  odd: string;
  write: (origin: Origin) => Buffer;
  /** What fits by RFC 4475 and 3261, for a telephone exchange. */
  fit: readonly Reply[];
  /**
   * What Asterisk 22.10 does where that is something else, and why it may stay so. Both are taken: another version may have
   * been mended.
   */
  instead?: { replies: readonly Reply[]; why: string };
}

export const torture: readonly Torture[] = [...validMessages, ...invalidMessages, ...applicationMessages];
