import type { SipMessage } from '../support/capture.ts';
import type { Leg } from '../support/legs.ts';

export interface Answers {
  /** From the citizen's key to the INVITE to an expert, in milliseconds. */
  delays: number[];
  /** Citizens for whom no expert was called. */
  unserved: number;
}

/** @param keyAfterMs how long after the ACK the citizen has keyed the digit */
export function answers(
  citizens: readonly Leg[],
  experts: readonly Leg[],
  messages: readonly SipMessage[],
  keyAfterMs: number,
): Answers {
  const acknowledged = new Map<string, number>();
  for (const { method, status, callId, at } of messages)
    if (method === 'ACK' && status === null && !acknowledged.has(callId)) acknowledged.set(callId, at);
  const called = new Map<string, number>();
  for (const { citizen, at } of experts) if (!called.has(citizen)) called.set(citizen, at);
  const found: Answers = { delays: [], unserved: 0 };
  for (const { callId, citizen } of citizens) {
    const [from, to] = [acknowledged.get(callId), called.get(citizen)];
    if (from === undefined || to === undefined) found.unserved += 1;
    else found.delays.push(to - from - keyAfterMs);
  }
  return found;
}
