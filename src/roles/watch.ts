import { Counter, Gauge } from 'prom-client';
import { createManager } from '../asterisk/manager.ts';
import { measureQuality } from './line-quality.ts';
import type { RunningRole, Shared } from './role.ts';

/** Asterisk seen from its manager interface: its restarts, and how well people hear each other. */
export function startWatch({ config, log, registry }: Shared): Promise<RunningRole> {
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
  return Promise.resolve({ close: () => manager.close() });
}
