import type { SipMessage } from '../support/capture.ts';

/** What one side of the benchmark did, as the packets tell it. Times in milliseconds. */
export interface Gaps {
  /** From an expert's BYE to the next INVITE to that expert, where a citizen waited for this very expert. */
  gaps: number[];
  /** Such BYEs that no INVITE followed: there must be none. */
  unanswered: number;
  /** Calls answered by an expert. */
  talks: number;
}

export interface Ports {
  citizens: number;
  experts: number;
}

type Step = { at: number; what: 'waits' | 'taken' | 'idle'; expert: string };

/**
 * A citizen counts as waiting from `settleMs` after the exchange's answer: until then one of the sides still speaks its menu.
 * A BYE is a hand-off when more citizens wait than other experts stand idle, so that somebody waits for this one.
 */
export function handoffGaps(messages: readonly SipMessage[], ports: Ports, settleMs: number): Gaps {
  const invites = invitesToExperts(messages, ports);
  const steps = [...citizensWaiting(messages, ports, settleMs), ...expertSteps(messages, ports, invites)];
  steps.sort((a, b) => a.at - b.at);
  const idle = new Set<string>();
  const pending = new Map<string, number>();
  const gaps: number[] = [];
  let waiting = 0;
  let talks = 0;
  for (const { at, what, expert } of steps) {
    if (what === 'waits') waiting += 1;
    if (what === 'taken') {
      waiting -= 1;
      talks += 1;
      idle.delete(expert);
      const since = pending.get(expert);
      if (since !== undefined) gaps.push(at - since);
      pending.delete(expert);
    }
    if (what === 'idle') {
      if (waiting > idle.size) pending.set(expert, at);
      idle.add(expert);
    }
  }
  return { gaps, unanswered: pending.size, talks };
}

/** Call-ID → expert, of the first INVITE of every leg to an expert. */
function invitesToExperts(messages: readonly SipMessage[], { experts }: Ports): Map<string, SipMessage> {
  const first = new Map<string, SipMessage>();
  for (const message of messages) {
    const { method, status, toPort, callId } = message;
    if (method === 'INVITE' && status === null && toPort === experts && !first.has(callId))
      first.set(callId, message);
  }
  return first;
}

function citizensWaiting(messages: readonly SipMessage[], { citizens }: Ports, settleMs: number): Step[] {
  const answered = new Map<string, number>();
  for (const { method, status, toPort, callId, at } of messages) {
    if (method === 'INVITE' && status === 200 && toPort === citizens && !answered.has(callId))
      answered.set(callId, at);
  }
  return [...answered.values()].map((at) => ({ at: at + settleMs, what: 'waits', expert: '' }));
}

function expertSteps(
  messages: readonly SipMessage[],
  { experts }: Ports,
  invites: ReadonlyMap<string, SipMessage>,
): Step[] {
  const steps: Step[] = [...invites.values()].map(({ at, user }) => ({ at, what: 'taken', expert: user }));
  const over = new Set<string>();
  for (const { method, status, fromPort, callId, at } of messages) {
    if (method !== 'BYE' || status !== null || fromPort !== experts || over.has(callId)) continue;
    over.add(callId);
    const expert = invites.get(callId)?.user;
    if (expert !== undefined) steps.push({ at, what: 'idle', expert });
  }
  return steps;
}
