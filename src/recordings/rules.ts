import type { Role } from '../staff/rules.ts';

/** Who may hear what, and how long it is kept. Pure. */

export interface Heard {
  kind: 'message' | 'talk' | 'imported';
  /** Account id of whoever owns the case it belongs to. */
  caseOwner: string | null;
}

/**
 * Talks are for whoever judges them. What a citizen has left is also for the expert who is to answer it: in the own cases.
 * Auditors see that there is a recording, not what was said.
 */
export function mayHear({ accountId, role }: { accountId: string; role: Role }, recording: Heard): boolean {
  if (role === 'expert') return recording.kind !== 'talk' && recording.caseOwner === accountId;
  return role === 'admin' || role === 'supervisor' || role === 'reviewer';
}

export const RULES = ['talks', 'messages', 'numbers', 'notes'] as const;
export type Rule = (typeof RULES)[number];

/** Days; 0: for good. */
export type Keeping = Readonly<Record<Rule, number>>;

const DAY_MS = 86_400_000;

/** What is older than this is due; null: nothing ever is. now: milliseconds since the epoch. */
export const dueBefore = (days: number, now: number): Date | null =>
  days === 0 ? null : new Date(now - days * DAY_MS);
