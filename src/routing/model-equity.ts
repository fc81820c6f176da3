import { WHOLE } from './mechanism.ts';
import { skilled, worksNow, type ModelCall, type ModelExpert, type World } from './model-world.ts';

/** A flood in one queue keeps nobody of another waiting for long who wants no more than falls to that other queue. Pure. */

interface Candidate {
  call: ModelCall;
  expert: ModelExpert;
  equity: boolean;
}

/** heads: the first of each queue whom one of the own experts may take, in order. Within a queue the order never changes. */
export function byEquity<T extends Candidate>(world: World, heads: readonly T[], now: number): T | null {
  const [first] = heads;
  if (first === undefined || world.rules.equityBoundMs === 0) return first ?? null;
  // Stable: among equals the order stays.
  const [chosen = first] = heads
    .map((head) => ({ head, press: pressOf(world, head, now) }))
    .sort((a, b) => a.press - b.press)
    .map(({ head }) => head);
  return { ...chosen, equity: chosen !== first && chosen.expert === first.expert };
}

/**
 * 2: not pressed. Of several who are, first who is of another specialty than the expert's last call: a single expert can be
 * divided in no other way.
 */
function pressOf(world: World, { call, expert }: Candidate, now: number): number {
  if (now - call.queuedAt < world.rules.equityBoundMs || !isWithinShare(world, call.specialty)) return 2;
  return expert.serves === call.specialty ? 1 : 0;
}

/** Whether fewer of the own experts are at calls of the specialty than fall to it. */
function isWithinShare(world: World, specialty: string): boolean {
  const experts = skilled(world, specialty);
  const engaged = experts.filter(({ activity, serves }) => activity !== 'idle' && serves === specialty);
  const shares = experts.filter(worksNow).map(({ specialties }) => Math.floor(WHOLE / specialties.length));
  return engaged.length * WHOLE < shares.reduce((sum, one) => sum + one, 0);
}
