import type { Telephony } from '../asterisk/telephony.ts';
import type { Log } from '../log.ts';
import type { Handover } from './handover.ts';

/** The calls that the exchange kept, as they are taken over while we are at work. */
export interface Imports {
  /** Not found to work now, it is tried again by the clock. */
  start(): void;
  /** A `missed` channel entered; args as the dialplan sent them. */
  take(channelId: string, args: readonly string[]): void;
  /** Waits for those that are being taken over. */
  done(): Promise<void>;
}

export interface ImportsDeps {
  telephony: Pick<Telephony, 'hangup'>;
  handover: Handover;
  log: Log;
}

export function createImports({ telephony, handover, log }: ImportsDeps): Imports {
  const underWay = createUnderWay();

  async function missed(channelId: string, args: readonly string[]): Promise<void> {
    try {
      await handover.take(channelId, args);
    } catch (error) {
      log.error({ err: error }, 'missed.not-imported');
      await telephony.hangup(channelId).catch((fault: unknown) => log.warn({ err: fault }, 'request.failed'));
    }
  }

  return {
    start: () => {
      handover.start().catch((error: unknown) => log.warn({ err: error }, 'missed.not-started'));
    },
    take: (channelId, args) => underWay.track(missed(channelId, args)),
    done: () => underWay.done(),
  };
}

/** Work that nobody waits for but the end. */
function createUnderWay(): { track(work: Promise<void>): void; done(): Promise<void> } {
  const all = new Set<Promise<void>>();
  return {
    track: (work) => {
      all.add(work);
      void work.finally(() => all.delete(work));
    },
    done: async () => void (await Promise.all(all)),
  };
}
