import { callJobs } from '../calls/jobs.ts';
import { callbackJobs, callbackWork, followCallbacks, followHours } from '../callbacks/jobs.ts';
import { createRetiming } from '../callbacks/timing.ts';
import { caseJobs, followCalls } from '../cases/jobs.ts';
import { createHours } from '../hours/service.ts';
import { createCommandClient } from '../platform/commands.ts';
import { createJobs } from '../platform/jobs.ts';
import { recordingJobs } from '../recordings/jobs.ts';
import { staffJobs } from '../staff/jobs.ts';
import { callbacksOf } from './callbacks.ts';
import { casesOf } from './cases.ts';
import { measureCases } from './case-figures.ts';
import { measuredCommands } from './measured.ts';
import { recordingsOf } from './recordings.ts';
import type { RunningRole, Shared } from './role.ts';
import { textsOf } from './texts.ts';

/** Work by the clock that no citizen and no expert waits for. */
export async function startJobs(shared: Shared): Promise<RunningRole> {
  const { config, log, clock, pool, redis, registry } = shared;
  const hours = await createHours({ pool, clock, log, zone: config.CLINIC_TIMEZONE });
  const { recordings, retention } = recordingsOf(shared);
  const cases = casesOf(shared, hours, recordings.imports);
  const texts = textsOf(shared);
  const commands = measuredCommands(registry, createCommandClient({ redis, log }));
  const dials = config.CALLBACK_TRUNK !== '';
  if (!dials) log.warn('callbacks.left-to-staff');
  const work = callbackWork({ callbacks: callbacksOf(shared, hours, cases), commands, clock, log, dials });
  const jobs = createJobs({ redisUrl: config.REDIS_URL, log }, [
    ...callJobs(commands),
    ...staffJobs(pool),
    ...caseJobs(cases),
    ...callbackJobs(work),
    ...recordingJobs({ recordings, retention, commands, zone: config.CLINIC_TIMEZONE }),
    ...texts.jobs,
  ]);
  const follower = followCalls({ pool, log, clock, cases });
  const callbackFollower = followCallbacks({ pool, log, work, jobs });
  const retime = createRetiming({ pool, clock, log, hours });
  const hoursFollower = followHours({ hours, retime, log });
  measureCases(registry, { pool, clock });
  return {
    close: async () => {
      await follower.close();
      await callbackFollower.close();
      await hoursFollower.close();
      await texts.close();
      await jobs.close();
      await commands.close();
      await hours.close();
    },
  };
}
