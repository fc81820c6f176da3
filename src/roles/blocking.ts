import { Type } from 'typebox';
import { MOST_BLOCKED } from '../asterisk/suspects.ts';
import type { Telephony } from '../asterisk/telephony.ts';
import { createSerial } from '../experts/serial.ts';
import type { Log } from '../log.ts';
import { command, type CommandHandler } from '../platform/commands.ts';
import { messageOf } from '../platform/fault.ts';

/** A block lasts only while somebody stands behind it: the watcher renews it, and when the watcher dies it falls. */
export const BLOCK_LEASE_MS = 60_000;

export interface Blocking {
  /** sources.block, for serveCommands. */
  handlers: Readonly<Record<string, CommandHandler>>;
  close(): void;
}

/**
 * Blocked sources, on the side of the role that owns the exchange. Each command brings the whole list, so that exchange
 * and watcher agree again after every restart of either.
 */
export function createBlocking({
  telephony,
  log,
  leaseMs = BLOCK_LEASE_MS,
}: {
  telephony: Pick<Telephony, 'blockSources' | 'onLink'>;
  log: Log;
  leaseMs?: number;
}): Blocking {
  const inTurn = createSerial();
  let wanted: readonly string[] = [];
  let lease: NodeJS.Timeout | undefined;

  const apply = (): Promise<void> => inTurn(() => telephony.blockSources(wanted));
  const applyAnyway = (): void => {
    apply().catch((error: unknown) => log.warn({ detail: messageOf(error) }, 'sources.unblocked-late'));
  };
  function lapse(): void {
    log.warn({ sources: wanted.length }, 'block.lapsed');
    wanted = [];
    applyAnyway();
  }
  // A restarted exchange has forgotten the list; one that has not may still hold the list of our last life.
  const stop = telephony.onLink((state) => {
    if (state === 'ready') applyAnyway();
  });

  return {
    handlers: {
      'sources.block': command(Addresses, async ({ addresses }) => {
        wanted = addresses;
        clearTimeout(lease);
        lease = addresses.length === 0 ? undefined : setTimeout(lapse, leaseMs);
        await apply();
      }),
    },
    close: () => {
      clearTimeout(lease);
      stop();
    },
  };
}

const Addresses = Type.Object({
  addresses: Type.Array(Type.String({ maxLength: 45 }), { maxItems: MOST_BLOCKED }),
});
