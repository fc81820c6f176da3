import type { Window } from './routing.ts';

/** Policy as data: the windows from when which experts may take a citizen. The mechanism knows nothing of the reasons. Pure. */

/**
 * The talk broke off by a fault: the same expert knows the matter already, and a telephone that was restarted, or a page that
 * was loaded anew, is back in seconds. Longer than that nobody waits for it.
 * lostAt: ms since the epoch. seconds 0: anybody at once.
 */
export function sameExpertFirst(expertId: string, lostAt: number, seconds: number): Window | null {
  return seconds > 0 ? { expertId, until: lostAt + seconds * 1000 } : null;
}
