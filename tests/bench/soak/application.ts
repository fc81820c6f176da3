import { appendFileSync } from 'node:fs';
import { startClinic, type Clinic, type LogLine } from '../../support/clinic.ts';
import { waitFor } from '../../support/wait.ts';
import { compiledProgram } from '../support/program.ts';

/** The application's processes of a soak: one has the calls, and who is over is put away with what it has logged. */

const CONTROL_WITHIN_MS = 60_000;
const EXIT_WITHIN_MS = 30_000;
/** Long enough for one that stands by to have said so, had it begun to take over. */
const SAYS_WITHIN_MS = 1_500;

export interface Application {
  /** Who has the calls. */
  owner(): Clinic;
  /** Another process beside it, which may take the calls at once or stand by. Does not wait until it can. */
  another(standby?: boolean): Promise<Clinic>;
  /** This one has the calls from now on; whoever had them has ended or is ending. */
  becomes(next: Clinic): Promise<void>;
  /**
   * Sees that one process and no other is there and has the calls; where it has not, another is started, as a supervisor would.
   * @returns whether it had
   */
  recover(): Promise<boolean>;
  close(): Promise<void>;
}

/** env: over the stack's, the same for each. logFile: gets every line of each process, in the end of each. */
export async function startApplication(env: Record<string, string>, logFile: string): Promise<Application> {
  const start = (more: Record<string, string>, open: boolean) =>
    startClinic({ env: { ...env, ...more }, open, awaitReady: false, ...compiledProgram });
  let owner = await start({}, true);
  await controlled(owner);

  const others = new Set<Clinic>();

  /** Ends one that has no calls, with everything it has logged kept. */
  async function putAway(clinic: Clinic): Promise<void> {
    await clinic.close();
    appendFileSync(logFile, clinic.lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
  }

  async function another(standby = false): Promise<Clinic> {
    const next = await start(standby ? { CLINIC_STANDBY: 'true' } : {}, false);
    others.add(next);
    return next;
  }

  async function becomes(next: Clinic): Promise<void> {
    const last = owner;
    owner = next;
    others.delete(next);
    await waitFor(() => last.pid === 0, EXIT_WITHIN_MS).finally(() => putAway(last));
  }

  async function recover(): Promise<boolean> {
    for (const one of others) await putAway(one);
    others.clear();
    const lives = await controlled(owner).then(
      () => true,
      () => false,
    );
    if (lives) return true;
    await owner.kill();
    await becomes(await another());
    await controlled(owner);
    return false;
  }

  const close = async () => {
    for (const one of [...others, owner]) await putAway(one);
  };
  return { owner: () => owner, another, becomes, recover, close };
}

/** Waits until the process says that calls can be taken. @returns when, in milliseconds since the epoch */
export async function controlled(clinic: Clinic): Promise<number> {
  let last = '';
  const isReady = async () => {
    if (clinic.pid === 0) throw new Error('the application has ended');
    const answer = await fetch(`${clinic.url}/readyz`, { signal: AbortSignal.timeout(5_000) }).catch(
      (error: unknown) => String(error),
    );
    last = typeof answer === 'string' ? answer : await answer.text();
    return typeof answer !== 'string' && answer.ok;
  };
  await waitFor(isReady, CONTROL_WITHIN_MS).catch((cause: unknown) => {
    throw new Error(`No control within ${CONTROL_WITHIN_MS} ms: ${last}`, { cause });
  });
  return Date.now();
}

/** When this was logged, in milliseconds since the epoch. seen: only what comes after so many lines. */
export async function saidAt(clinic: Clinic, msg: string, seen = 0): Promise<number> {
  const line = await clinic.logged(msg, (one) => clinic.lines.indexOf(one) >= seen, CONTROL_WITHIN_MS);
  return timeOf(line);
}

export const timeOf = (line: LogLine): number => Date.parse(String(line['time']));

/** Whether it has begun to take the calls over, or does so in the next moment. */
export const takesOver = (standby: Clinic): Promise<boolean> =>
  standby.logged('standby.takes-over', undefined, SAYS_WITHIN_MS).then(
    () => true,
    () => false,
  );

/** @throws Error where it has ended: a signal for process 0 would be one for ourselves */
export function signal({ pid }: Clinic, name: NodeJS.Signals): void {
  if (pid === 0) throw new Error(`the application has ended before ${name}`);
  process.kill(pid, name);
}
