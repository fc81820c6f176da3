/**
 * The matching of app_queue, by its source (apps/app_queue.c): every waiting caller wakes up once a second, counts the members that
 * could be rung and the callers in front, and where it is its turn looks through all members for the best one. Nobody is woken by a
 * member who becomes free. Here all of it in one process, without the locks, the timers and the channels: the least it can cost.
 */

export interface Member {
  id: string;
  free: boolean;
  idleSince: number;
  skills: ReadonlySet<string>;
}

export interface Caller {
  id: string;
  skill: string;
}

/** One second of app_queue: every caller looks once. callers: the longest waiting first. */
export function lookOnce(
  callers: readonly Caller[],
  members: readonly Member[],
): { caller: string; member: string }[] {
  const matched: { caller: string; member: string }[] = [];
  const taken = new Set<string>();
  for (const caller of callers) {
    let best: Member | null = null;
    for (const member of members) {
      if (!member.free || taken.has(member.id) || !member.skills.has(caller.skill)) continue;
      if (best === null || member.idleSince < best.idleSince) best = member;
    }
    if (best === null) continue;
    taken.add(best.id);
    matched.push({ caller: caller.id, member: best.id });
  }
  return matched;
}
