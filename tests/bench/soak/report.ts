import { time } from './bindings.ts';
import type { Finding } from './judge.ts';

/** What was found, a line each, so that it can be looked for in the logs beside it. */
export function report(
  findings: readonly Finding[],
  left: readonly string[],
  uncontrolled: readonly string[],
): string {
  return [
    ...uncontrolled.map((what) => `no control again: ${what}`),
    ...findings.map(
      ({ violation, at, callId, sipCallId, what }) =>
        `${violation}: ${time(at)} call ${callId ?? '–'} (SIP ${sipCallId ?? '–'}) ${what}`,
    ),
    ...left.map((what) => `left over: ${what}`),
  ].join('\n');
}
