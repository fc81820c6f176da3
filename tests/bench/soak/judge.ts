import { judgeAccounts } from './accounts.ts';
import { judgeBindings } from './bindings.ts';
import { judgeEntries } from './entries.ts';
import type { History } from './history.ts';
import { judgeOrder } from './order.ts';

/**
 * Whether the ledger is what the witnesses saw. None of the rules asks the application: calls are told by SIPp, talks by
 * Asterisk, and the ledger is what is judged. Pure.
 */

export type Violation = 'unaccounted' | 'doubleBindings' | 'inversions' | 'lost' | 'doubled';

export interface Finding {
  violation: Violation;
  /** Of the call it is about; null where there is none. */
  callId: string | null;
  sipCallId: string | null;
  at: number;
  what: string;
}

export function judge(history: History): Finding[] {
  const findings = [
    ...judgeAccounts(history),
    ...judgeBindings(history),
    ...judgeOrder(history),
    ...judgeEntries(history),
  ];
  return findings.toSorted((a, b) => a.at - b.at);
}

/** How many of each. */
export function counts(findings: readonly Finding[]): Record<Violation, number> {
  const of = (violation: Violation) => findings.filter((one) => one.violation === violation).length;
  return {
    unaccounted: of('unaccounted'),
    doubleBindings: of('doubleBindings'),
    inversions: of('inversions'),
    lost: of('lost'),
    doubled: of('doubled'),
  };
}
