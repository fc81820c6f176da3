import { relaxesAt } from './model-matching.ts';
import type { ModelCall, ModelExpert, World } from './model-world.ts';

/** What the model's clock has still to bring about. Pure. */

export type Deadline =
  /** The first in a queue may be offered to more. */
  | { at: number; kind: 'relax'; specialty: string }
  | { at: number; kind: 'pause' | 'rest' | 'wrap-up'; expert: ModelExpert }
  /** A window is over. */
  | { at: number; kind: 'keep'; call: ModelCall };

/** Earliest first; of those of the same millisecond by kind, then expert or call. */
export function deadlines(world: World): Deadline[] {
  const ofExperts = [...world.experts.values()].flatMap((expert) => [
    { at: expert.pausedUntil, kind: 'pause' as const, expert },
    { at: expert.restUntil, kind: 'rest' as const, expert },
    { at: expert.wrapUpUntil, kind: 'wrap-up' as const, expert },
  ]);
  const ofCalls = [...world.calls.values()].map((call) => ({
    ...{ at: call.window?.until ?? null, kind: 'keep' as const, call },
  }));
  const queues = new Set([...world.calls.values()].map(({ specialty }) => specialty));
  const ofQueues = [...queues].map((specialty) => ({
    ...{ at: relaxesAt(world, specialty), kind: 'relax' as const, specialty },
  }));
  return [...ofExperts, ...ofCalls, ...ofQueues]
    .filter((deadline): deadline is Deadline => deadline.at !== null)
    .sort((a, b) => a.at - b.at || (nameOf(a) < nameOf(b) ? -1 : 1));
}

function nameOf(deadline: Deadline): string {
  if (deadline.kind === 'relax') return `relax:${deadline.specialty}`;
  return `${deadline.kind}:${deadline.kind === 'keep' ? deadline.call.callId : deadline.expert.expertId}`;
}
