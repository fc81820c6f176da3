import type { Telephony } from '../asterisk/telephony.ts';
import type { Log } from '../log.ts';
import { aborted } from '../platform/signals.ts';
import type { Call } from './call.ts';
import type { Runner } from './runner.ts';
import type { Snapshots } from './snapshots.ts';

/** How calls come to rest in this process, for whoever takes them up. */
export interface RestDeps {
  telephony: Pick<Telephony, 'startMusic'>;
  snapshots: Pick<Snapshots, 'save'>;
  log: Log;
  all: () => Runner[];
}

/** Lets every step in progress finish, and what these bring about; begins no other. Ends when the signal comes. */
export async function rest({ all, ...deps }: RestDeps, signal: AbortSignal): Promise<void> {
  for (let busy = all(); busy.length > 0 && !signal.aborted; busy = all().filter((one) => one.busy())) {
    for (const runner of busy) runner.abandon();
    await Promise.race([Promise.all(busy.map((runner) => runner.idle())), aborted(signal)]);
  }
  for (const runner of all()) runner.abandon();
  await Promise.all(all().map((runner) => keepCompany(runner.call(), deps)));
}

/** Saves the calls at rest: what their last steps intended is done, and a successor need not do it again. */
export async function saveRested({ all, ...deps }: RestDeps): Promise<void> {
  await Promise.all(all().map((runner) => save(runner, deps)));
}

/** Words that end while nobody is there to hear of it are followed by music: Asterisk keeps the request until then. */
async function keepCompany(
  { id, channelId, playing, citizenGone, state }: Call,
  { telephony, log }: Omit<RestDeps, 'all'>,
): Promise<void> {
  if (playing === null || citizenGone || state === 'leaving' || state === 'wrap-up') return;
  await telephony.startMusic(channelId).catch((error: unknown) => {
    log.warn({ err: error, callId: id }, 'music.refused');
  });
}

/** One still in a step is left as it was saved before that step. */
async function save(runner: Runner, { snapshots, log }: Omit<RestDeps, 'all'>): Promise<void> {
  if (runner.busy()) return;
  try {
    await snapshots.save({ call: runner.call(), effects: [] });
  } catch (error) {
    log.warn({ err: error, callId: runner.call().id }, 'snapshot.failed');
  }
}
