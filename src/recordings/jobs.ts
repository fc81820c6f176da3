import type { CommandClient } from '../platform/commands.ts';
import type { RepeatedJob } from '../platform/jobs.ts';
import type { Retention } from './retention.ts';
import type { Recordings } from './service.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const ANSWER_WITHIN_MS = 5000;
/** Before the backup at a quarter past three: what is erased today is not in it any more. */
const EVERY_NIGHT = '30 2 * * *';

export interface RecordingJobsDeps {
  recordings: Pick<Recordings, 'sealOld'>;
  retention: Retention;
  commands: CommandClient;
  zone: string;
}

export function recordingJobs({ recordings, retention, commands, zone }: RecordingJobsDeps): RepeatedJob[] {
  return [
    {
      name: 'recordings.collect',
      every: MINUTE_MS,
      run: () => commands.send('recordings.collect', {}, { timeoutMs: ANSWER_WITHIN_MS }),
    },
    { name: 'recordings.seal', every: HOUR_MS, run: () => recordings.sealOld() },
    { name: 'recordings.erase', every: { cron: EVERY_NIGHT, timeZone: zone }, run: () => retention.run() },
  ];
}
