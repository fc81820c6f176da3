import { Counter, Gauge } from 'prom-client';
import { createManager } from '../asterisk/manager.ts';
import { createCommandClient } from '../platform/commands.ts';
import { startGuard } from './guard.ts';
import { measureQuality } from './line-quality.ts';
import { measuredCommands } from './measured.ts';
import { startWatchdog } from './watchdog.ts';
import type { RunningRole, Shared } from './role.ts';

/** Asterisk seen from its manager interface: its restarts, how well people hear each other, who guesses passwords, who is left alone. */
export function startWatch({ config, log, clock, redis, registry }: Shared): Promise<RunningRole> {
  const manager = createManager({
    host: config.AMI_HOST,
    port: config.AMI_PORT,
    username: config.AMI_USERNAME,
    password: config.AMI_PASSWORD,
    log,
  });
  new Gauge({
    name: 'clinic_manager_link_ready',
    help: '1 while the manager interface of Asterisk answers',
    registers: [registry],
    collect() {
      this.set(manager.link() === 'ready' ? 1 : 0);
    },
  });
  const booted = new Counter({
    name: 'clinic_asterisk_booted_total',
    help: 'Times Asterisk was found up',
    registers: [registry],
  });
  manager.onBooted(() => {
    booted.inc();
    log.info('asterisk.booted');
  });
  manager.onQuality(measureQuality(registry));
  const watchdog = startWatchdog({ manager, clock, log, registry });
  const commands = measuredCommands(registry, createCommandClient({ redis, log }));
  const guard = startGuard({
    ...{ manager, commands, redis, clock, log, registry },
    rules: {
      guesses: config.GUESSES_BEFORE_BLOCK,
      probes: config.PROBES_BEFORE_BLOCK,
      blockSeconds: config.BLOCK_SECONDS,
    },
    neverBlock: config.NEVER_BLOCK,
  });
  return Promise.resolve({
    close: async () => {
      guard.close();
      await watchdog.close();
      await commands.close();
      await manager.close();
    },
  });
}
