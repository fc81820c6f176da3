import type { CommandClient } from '../platform/commands.ts';
import type { RepeatedJob } from '../platform/jobs.ts';

const MINUTE_MS = 60_000;
const ANSWER_WITHIN_MS = 5000;

/**
 * The dialplan hands a kept call over when it ends, and the role `calls` asks for all of them when it starts; this finds
 * the rest: one whose hand-over failed, or one that was on the line when Asterisk died.
 */
export function callJobs(commands: CommandClient): RepeatedJob[] {
  return [
    {
      name: 'missed.import',
      every: MINUTE_MS,
      run: () => commands.send('missed.import', {}, { timeoutMs: ANSWER_WITHIN_MS }),
    },
  ];
}
