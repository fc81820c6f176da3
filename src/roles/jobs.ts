import { callJobs } from '../calls/jobs.ts';
import { createCommandClient } from '../platform/commands.ts';
import { createJobs } from '../platform/jobs.ts';
import { staffJobs } from '../staff/jobs.ts';
import { measuredCommands } from './measured.ts';
import type { RunningRole, Shared } from './role.ts';

/** Work by the clock that no citizen and no expert waits for. */
export function startJobs({ config, log, pool, redis, registry }: Shared): Promise<RunningRole> {
  const commands = measuredCommands(registry, createCommandClient({ redis, log }));
  const jobs = createJobs({ redisUrl: config.REDIS_URL, log }, [...callJobs(commands), ...staffJobs(pool)]);
  return Promise.resolve({
    close: async () => {
      await jobs.close();
      await commands.close();
    },
  });
}
