import { EventEmitter, once } from 'node:events';
import type { Call } from './call.ts';
import type { Step } from './machine.ts';
import { startRunner, type Runner, type RunnerDeps } from './runner.ts';

/** The live calls of this process, and which of them is meant: by its id, its citizen's channel, an offer or an expert. */
export interface LiveCalls {
  take(step: Step): Runner;
  byId: ReadonlyMap<string, Runner>;
  byCitizen: ReadonlyMap<string, Runner>;
  all(): Runner[];
  find(fits: (call: Call) => boolean): Runner | undefined;
  /** An expert may have an earlier talk whose wrap-up is not over yet; the keypad means the last one. */
  latestTalkOf(expertId: string): Runner | undefined;
  /** The call of this expert's last talk that is over, as far as this process has seen. */
  lastCallOf(expertId: string): string | null;
  /** Whether this process has written the end of this call, which is waited for a little where it is still live. */
  hasEnded(callId: string): Promise<boolean>;
}

export type LiveCallsDeps = Omit<RunnerDeps, 'onEnded'> & {
  /** The call is over for us, and found no longer. */
  onForgotten: (call: Call) => void;
};

/** The end of a channel is told within milliseconds; longer than the exchange takes to answer one request. */
const ENDS_WITHIN_MS = 3000;
const ENDED_KEPT = 10_000;

export function createLiveCalls(deps: LiveCallsDeps): LiveCalls {
  const runners = new Map<string, Runner>();
  const citizens = new Map<string, Runner>();
  /** Whose end we have written, oldest first. */
  const ended = new Set<string>();
  /** By expert. */
  const lastCalls = new Map<string, string>();
  const endings = new EventEmitter().setMaxListeners(0);

  function take(step: Step): Runner {
    const { id, channelId } = step.call;
    const runner = startRunner(step, { ...deps, onEnded: forget });
    runners.set(id, runner);
    citizens.set(channelId, runner);
    return runner;
  }

  function forget(call: Call): void {
    runners.delete(call.id);
    citizens.delete(call.channelId);
    deps.onForgotten(call);
    if (call.talk !== null) lastCalls.set(call.talk.expertId, call.id);
    // A call handed over to the exchange is over for us without an end of ours.
    if (call.citizenGone) ended.add(call.id);
    const [oldest] = ended;
    if (ended.size > ENDED_KEPT && oldest !== undefined) ended.delete(oldest);
    endings.emit(call.id);
  }

  async function hasEnded(callId: string): Promise<boolean> {
    if (runners.has(callId))
      await once(endings, callId, { signal: AbortSignal.timeout(ENDS_WITHIN_MS) }).catch(() =>
        deps.log.warn({ callId }, 'call.still-live'),
      );
    return ended.has(callId);
  }

  function find(fits: (call: Call) => boolean): Runner | undefined {
    for (const runner of runners.values()) if (fits(runner.call())) return runner;
    return undefined;
  }

  function latestTalkOf(expertId: string): Runner | undefined {
    const talks = [...runners.values()].filter((runner) => runner.call().talk?.expertId === expertId);
    const began = (runner: Runner) => runner.call().talk?.startedAt ?? 0;
    return talks.toSorted((a, b) => began(b) - began(a))[0];
  }

  return {
    ...{ take, find, latestTalkOf, hasEnded },
    ...{ byId: runners, byCitizen: citizens },
    all: () => [...runners.values()],
    lastCallOf: (expertId) => lastCalls.get(expertId) ?? null,
  };
}
