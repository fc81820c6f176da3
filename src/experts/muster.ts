import type { Pool } from 'pg';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { ExpertStatus, Routing } from '../routing/routing.ts';
import { isExpertId, presentIntent, type Presence } from './rules.ts';
import type { Marks } from './serial.ts';
import { readRoster, type RosterEntry } from './store.ts';

/** Who is there and what each wants, from PostgreSQL into routing. */
export interface Muster {
  /** Reads the roster and brings routing to it. Experts with news since the reading keep what the news said. */
  all(): Promise<RosterEntry[]>;
  /** One expert's intent as PostgreSQL has it: it was kept just now. null: there is no such expert. */
  presence(expertId: string): Promise<ExpertStatus | null>;
  /** One expert's skills, and the intent too unless a newer one waits to be kept. null: there is no such expert. */
  one(expertId: string): Promise<{ entry: RosterEntry; status: ExpertStatus | null } | null>;
}

export interface MusterDeps {
  pool: Pool;
  routing: Routing;
  clock: Clock;
  log: Log;
  /** Marked whenever an expert's intent was changed otherwise than in PostgreSQL, and when PostgreSQL has learnt of it. */
  news: Marks;
  /** Whether such a change is not in PostgreSQL yet. */
  isUnsaved: (expertId: string) => boolean;
  /** Changes of one expert's intent take turns. */
  inTurn: <T>(task: () => Promise<T>) => Promise<T>;
}

export function createMuster(deps: MusterDeps): Muster {
  const { pool, routing, clock, log, news, isUnsaved, inTurn } = deps;

  /** The newest there is: a reload under way read before this. */
  async function readOne(expertId: string): Promise<RosterEntry | null> {
    if (!isExpertId(expertId)) return null;
    news.mark(expertId);
    const [entry] = await readRoster(pool, expertId);
    if (entry !== undefined) await routing.putExpert(expertId, entry.specialties, entry.levels);
    return entry ?? null;
  }

  async function apply({ id, presence }: RosterEntry): Promise<ExpertStatus> {
    const wanted = presentIntent(presence, clock.now());
    const status = await routing.expert(id);
    // An intent that already stands is not set again: ready, said anew, would end a wrap-up.
    if (status !== null && stands(status, wanted)) return status;
    return await routing.setIntent(id, wanted.intent, wanted.reason, wanted.until);
  }

  async function forgetOthers(roster: readonly RosterEntry[]): Promise<void> {
    const known = new Set(roster.map((entry) => entry.id));
    for (const { expertId, activity } of await routing.experts()) {
      if (known.has(expertId) || activity !== 'idle') continue;
      log.warn({ expertId }, 'expert.forgotten');
      await routing.removeExpert(expertId);
    }
  }

  return {
    async all() {
      const taken = news.now();
      const roster = await readRoster(pool, null);
      for (const entry of roster) {
        await inTurn(async () => {
          await routing.putExpert(entry.id, entry.specialties, entry.levels);
          if (!isUnsaved(entry.id) && !news.newsSince(entry.id, taken)) await apply(entry);
        });
      }
      await forgetOthers(roster);
      return roster;
    },
    presence: (expertId) =>
      inTurn(async () => {
        const entry = await readOne(expertId);
        return entry === null ? null : await apply(entry);
      }),
    one: (expertId) =>
      inTurn(async () => {
        const entry = await readOne(expertId);
        if (entry === null) return null;
        const status = isUnsaved(expertId) ? await routing.expert(expertId) : await apply(entry);
        return { entry, status };
      }),
  };
}

function stands(status: ExpertStatus, wanted: Presence): boolean {
  if (status.intent !== wanted.intent) return false;
  return (
    wanted.intent !== 'paused' || (status.reason === wanted.reason && status.pausedUntil === wanted.until)
  );
}
