import type { ManagerChannel } from '../asterisk/manager.ts';

/** What the watchdog makes of what it sees. Pure; times: milliseconds of a monotonic clock. */

/** A restart or a standby is back long before. */
export const GONE_AFTER_MS = 20_000;
/** Whoever is alone in a talk, or was never joined, is let go after this time of silence. */
export const ALONE_FOR_MS = 5_000;

/** Where the dialplan takes them on: [clinic-watchdog]. */
export type Place = 'waiting' | 'left-alone' | 'of-no-use';

export interface Silence {
  /** The last proof seen; null: none yet. */
  proof: string | null;
  since: number;
  /** Channels of ours with nobody to talk to, and since when that is so. */
  alone: ReadonlyMap<string, number>;
}

export const nothingHeard = (now: number): Silence => ({ proof: null, since: now, alone: new Map() });

/** proof: as it stands in Asterisk now. */
export function hear(before: Silence, proof: string, now: number): Silence {
  return proof === before.proof ? before : { proof, since: now, alone: new Map() };
}

export const silentMs = (silence: Silence, now: number): number => now - silence.since;

/** Who is to be taken on now, given every channel there is. */
export function judge(
  before: Silence,
  channels: readonly ManagerChannel[],
  now: number,
): { silence: Silence; moves: { name: string; to: Place }[] } {
  const members = countBy(channels.flatMap(({ bridgeId }) => bridgeId ?? []));
  const alone = new Map<string, number>();
  const moves: { name: string; to: Place }[] = [];
  for (const { name, application, applicationData, bridgeId } of channels) {
    const [, kind] = applicationData.split(',');
    if (application !== 'Stasis' || (bridgeId !== null && (members.get(bridgeId) ?? 0) > 1)) continue;
    if (kind === 'citizen' && bridgeId === null) {
      if (silentMs(before, now) >= GONE_AFTER_MS) moves.push({ name, to: 'waiting' });
    } else if (kind === 'callback' && bridgeId === null) {
      // The promise to call back stands: they are called again.
      if (silentMs(before, now) >= GONE_AFTER_MS) moves.push({ name, to: 'of-no-use' });
    } else if (kind === 'citizen' || kind === 'callback' || kind === 'expert' || kind === 'feature') {
      const since = before.alone.get(name) ?? now;
      alone.set(name, since);
      const to = kind === 'citizen' || kind === 'callback' ? 'left-alone' : 'of-no-use';
      if (now - since >= ALONE_FOR_MS) moves.push({ name, to });
    }
  }
  return { silence: { ...before, alone }, moves };
}

function countBy(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
