import type { LinkState, TelephonyEvent } from '../../../src/asterisk/telephony.ts';
import { fault } from '../../../src/platform/fault.ts';
import type { Chance } from '../random.ts';
import type { VirtualTime } from './time.ts';

/** One process of the application: once it is dead it never hears of anything again, and nothing it sends arrives any more. */
export interface Instance {
  alive: boolean;
  /** What it had sent by then still arrives. */
  lastArrival: number;
  linked: boolean;
  hear: (event: TelephonyEvent) => void;
  onLink: (state: LinkState) => void;
}

/** Sends a request; `act` is what becomes of it where it arrives. */
export type Ask = <T>(name: string, act: () => T) => Promise<T>;

/**
 * What goes wrong with one request, by its number since the start of the world.
 * killed-before: the process ends before it is sent; killed-after: when it has just been carried out. wire-cut: the exchange
 * is out of reach from then on, for so long that the watchdog acts.
 */
export type Mishap = 'killed-before' | 'killed-after' | 'request-lost' | 'answer-lost' | 'wire-cut';

export interface Line {
  /** Of a fault that is no answer. */
  code: string;
  /** After which nobody waits any longer for an answer. */
  patienceMs: number;
  /** What is sent later over the same connection does not arrive sooner, nor do the answers. null: each goes its own way. */
  connection: Connection | null;
  /** Why a request cannot be sent now; null: it can. */
  refused?: () => string | null;
}

export interface Connection {
  lastArrival: number;
  lastAnswer: number;
}

export const newConnection = (): Connection => ({ lastArrival: 0, lastAnswer: 0 });

export interface Faults {
  /** Counts the request. @returns its mishap, if it has one */
  next(name: string): Mishap | null;
  kill(instance: Instance): void;
  cut(): void;
}

const SLOWEST_MS = 4;

export function createAsk(
  { code, patienceMs, connection, refused = () => null }: Line,
  instance: Instance,
  { time, chance, faults }: { time: VirtualTime; chance: Chance; faults: Faults },
): Ask {
  /** When the next one is there. */
  const takes = (what: keyof Connection, atLeastMs = 0) => {
    const at = time.now() + atLeastMs + chance.whole(0, SLOWEST_MS);
    if (connection === null) return at;
    connection[what] = Math.max(connection[what], at);
    return connection[what];
  };
  const never = () => new Promise<never>(() => undefined);

  return <T>(name: string, act: () => T): Promise<T> => {
    if (!instance.alive) return never();
    const no = refused();
    if (no !== null) return Promise.reject(fault(no, `${name} cannot be sent`));
    const mishap = faults.next(name);
    if (mishap === 'killed-before') {
      faults.kill(instance);
      return never();
    }
    if (mishap === 'wire-cut') {
      faults.cut();
      const cut = refused();
      if (cut !== null) return Promise.reject(fault(cut, `${name} does not arrive`));
    }
    return new Promise<T>((resolve, reject) => {
      const arrives = () => {
        if (!instance.alive && time.now() > instance.lastArrival) return;
        const answer = mishap === 'request-lost' ? null : carriedOut(act);
        if (mishap === 'killed-after') faults.kill(instance);
        const lost = mishap === 'request-lost' || mishap === 'answer-lost';
        const answers = takes('lastAnswer', lost ? patienceMs : 0);
        time.after(answers - time.now(), () => {
          if (!instance.alive) return;
          if (lost || answer === null) reject(fault(code, `No answer to ${name}`));
          else if ('error' in answer) reject(answer.error);
          else resolve(answer.value);
        });
      };
      time.after(takes('lastArrival') - time.now(), arrives);
    });
  };
}

function carriedOut<T>(act: () => T): { value: T } | { error: Error } {
  try {
    return { value: act() };
  } catch (error) {
    return { error: error as Error };
  }
}
