import { Counter, Histogram, type Registry } from 'prom-client';
import type { Ledger } from '../calls/ledger.ts';
import type { Snapshots } from '../calls/snapshots.ts';
import { codeOf } from '../platform/fault.ts';
import type { CommandClient } from '../platform/commands.ts';

/** Ports with a stopwatch in front: what is behind them does not know that it is timed. */

/** On one machine 0.3 to 3 ms; 200 ms is a snapshot's patience, 1 s that of a call's first entry. */
const STORE_SECONDS = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 5];
/** Asterisk answers within 1 to 10 ms; the edge at 2 s is the time-out. */
const ARI_SECONDS = [0.001, 0.002, 0.003, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2];
/** A command's sender waits five seconds at most. */
const COMMAND_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

/** For `onRequest` of the telephony. */
export function measureRequests(
  registry: Registry,
): (operation: string, outcome: string, ms: number) => void {
  const duration = new Histogram({
    name: 'clinic_ari_request_seconds',
    help: 'Requests to Asterisk by operation and outcome: done, gone (no longer there) or the code of a fault',
    labelNames: ['operation', 'outcome'],
    buckets: ARI_SECONDS,
    registers: [registry],
  });
  return (operation, outcome, ms) => duration.observe({ operation, outcome }, ms / 1000);
}

export function measuredLedger<L extends Ledger>(registry: Registry, ledger: L): L {
  const duration = new Histogram({
    name: 'clinic_ledger_append_seconds',
    help: 'Until an entry is durable in Redis or PostgreSQL, whichever is first',
    buckets: STORE_SECONDS,
    registers: [registry],
  });
  return {
    ...ledger,
    append: async (entry) => {
      const began = performance.now();
      await ledger.append(entry);
      duration.observe((performance.now() - began) / 1000);
    },
  };
}

export function measuredSnapshots(registry: Registry, snapshots: Snapshots): Snapshots {
  const failed = new Counter({
    name: 'clinic_snapshot_failures_total',
    help: 'States of calls that Redis did not take: those calls could not be taken up by another process',
    registers: [registry],
  });
  const told = <T>(work: Promise<T>): Promise<T> =>
    work.catch((error: unknown) => {
      failed.inc();
      throw error;
    });
  return {
    ...snapshots,
    save: (snapshot) => told(snapshots.save(snapshot)),
    remove: (callId) => told(snapshots.remove(callId)),
  };
}

const COMMANDS = 'clinic_command_seconds';

/** Several roles of one process may send commands: they share the figure. */
export function measuredCommands(registry: Registry, client: CommandClient): CommandClient {
  const duration =
    (registry.getSingleMetric(COMMANDS) as Histogram<'command' | 'outcome'> | undefined) ??
    new Histogram({
      name: COMMANDS,
      help: 'Commands to the role calls by command and outcome: done, timeout (nobody served it) or failed',
      labelNames: ['command', 'outcome'],
      buckets: COMMAND_SECONDS,
      registers: [registry],
    });
  return {
    ...client,
    send: async <Result>(name: string, payload: unknown, options: { timeoutMs: number }) => {
      const end = duration.startTimer({ command: name });
      try {
        const result = await client.send<Result>(name, payload, options);
        end({ outcome: 'done' });
        return result;
      } catch (error) {
        end({ outcome: codeOf(error) === 'command-timeout' ? 'timeout' : 'failed' });
        throw error;
      }
    },
  };
}
