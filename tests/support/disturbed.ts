import { startClinic, type Clinic } from './clinic.ts';
import { projectPath } from '../../src/platform/root.ts';

/** A clinic whose process a test can hold up, and whose clock it can set: see disturbed.mjs. */
export function startDisturbed(env: Record<string, string>): Promise<Clinic> {
  const preload = projectPath('tests', 'support', 'disturbed.mjs');
  const program = ['--import', preload, '--import', 'tsx', projectPath('src', 'main.ts')];
  return startClinic({ env, program });
}

/** Its event loop does nothing else for five seconds. */
export const blockLoop = (clinic: Clinic): boolean => process.kill(clinic.pid, 'SIGWINCH');

/** Its wall clock is set an hour back; the next time two hours forward. */
export const setClock = (clinic: Clinic): boolean => process.kill(clinic.pid, 'SIGURG');
