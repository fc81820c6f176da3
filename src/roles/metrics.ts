import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import type { Registry } from 'prom-client';
import type { AriTelephony } from '../asterisk/telephony-ari.ts';
import { STATES } from '../calls/call.ts';
import type { MissingOutcomes } from '../calls/missing-outcomes.ts';
import type { Calls } from '../calls/service.ts';
import type { StoredLedger } from '../calls/store.ts';
import type { Clock } from '../clock.ts';
import type { Desk } from '../experts/desk.ts';
import type { ExpertStatus, RoutingReader } from '../routing/routing.ts';
import { within } from '../platform/within.ts';
import { counted, gauge, type Wanted } from './figures.ts';

export interface Measured {
  calls: Calls;
  ledger: StoredLedger;
  telephony: AriTelephony;
  desk: Desk;
  routing: RoutingReader;
  outcomes: Pick<MissingOutcomes, 'count'>;
  clock: Clock;
  /** Part of the role → whether it works. */
  parts: () => Readonly<Record<string, boolean>>;
  specialties: readonly string[];
  recordingsDir: string;
}

/** Figures of the role `calls`, read when Prometheus asks. */
export function measureCalls(registry: Registry, measured: Measured): void {
  const all = [
    ...callGauges(measured),
    ...expertGauges(measured),
    ...ledgerGauges(measured),
    outcomesGauge(measured),
    recordingsGauge(measured),
  ];
  for (const wanted of all) gauge(registry, wanted);
  for (const wanted of counts(measured)) counted(registry, wanted);
}

function callGauges({ calls, clock, parts, specialties, telephony }: Measured): Wanted[] {
  return [
    {
      name: 'clinic_line_ready',
      help: '1 while this part of the role calls lets new calls be taken, by part',
      label: 'part',
      read: () => new Map(Object.entries(parts()).map(([part, ready]) => [part, ready ? 1 : 0])),
    },
    {
      name: 'clinic_asterisk_link_ready',
      help: '1 while events of Asterisk are proven to arrive',
      read: () => (telephony.link() === 'ready' ? 1 : 0),
    },
    {
      name: 'clinic_calls_live',
      help: 'Calls in progress by state',
      label: 'state',
      read: () => {
        const live = calls.liveCount();
        return new Map(
          STATES.filter((state) => state !== 'ended').map((state) => [state, live.get(state) ?? 0]),
        );
      },
    },
    {
      name: 'clinic_waiting_citizens',
      help: 'Citizens in the queue who talk to nobody yet, by specialty',
      label: 'specialty',
      read: () => bySpecialty(specialties, (specialty) => waitsFor(calls, specialty).length),
    },
    {
      name: 'clinic_longest_wait_seconds',
      help: 'How long the first in the queue has waited, by specialty; 0 where nobody waits',
      label: 'specialty',
      read: () => {
        const now = clock.now();
        const since = (specialty: string) => Math.min(now, ...waitsFor(calls, specialty));
        return bySpecialty(specialties, (specialty) => (now - since(specialty)) / 1000);
      },
    },
  ];
}

const waitsFor = (calls: Calls, specialty: string): number[] =>
  calls.waiting().flatMap((one) => (one.specialty === specialty ? [one.queuedAt] : []));

const bySpecialty = (specialties: readonly string[], value: (specialty: string) => number) =>
  new Map(specialties.map((specialty) => [specialty, value(specialty)]));

/** What an expert can be doing, each in exactly one of them. */
const EXPERT_STATES = ['ready', 'unreachable', 'paused', 'offline', 'ringing', 'talking', 'wrap-up'];

function expertState({ activity, intent, reachable }: ExpertStatus): string {
  if (activity !== 'idle') return activity;
  if (intent !== 'ready') return intent;
  return reachable ? 'ready' : 'unreachable';
}

function expertGauges({ routing, specialties }: Measured): Wanted[] {
  return [
    {
      name: 'clinic_experts',
      help: 'Experts by state, each in one; shown while Redis answers',
      label: 'state',
      read: async () => tally(EXPERT_STATES, (await routing.experts()).map(expertState)),
    },
    {
      name: 'clinic_experts_ready',
      help: 'Experts who could be offered a call now, by specialty; shown while Redis answers',
      label: 'specialty',
      read: async () =>
        new Map((await routing.queues(specialties)).map(({ specialty, ready }) => [specialty, ready])),
    },
    {
      name: 'clinic_experts_at_work',
      help: 'Experts ready, rung, talking or wrapping up, by specialty; one with two skills counts in both',
      label: 'specialty',
      read: async () =>
        new Map(
          (await routing.queues(specialties)).map(({ specialty, ready, ringing, talking, wrapUp }) => [
            specialty,
            ready + ringing + talking + wrapUp,
          ]),
        ),
    },
  ];
}

function tally(all: readonly string[], found: readonly string[]): Map<string, number> {
  const counts = new Map(all.map((one) => [one, 0]));
  for (const one of found) counts.set(one, (counts.get(one) ?? 0) + 1);
  return counts;
}

function ledgerGauges({ ledger, desk, clock }: Measured): Wanted[] {
  return [
    {
      name: 'clinic_outbox_depth',
      help: 'Ledger entries not yet in PostgreSQL',
      read: () => ledger.depth(),
    },
    {
      name: 'clinic_outbox_oldest_age_seconds',
      help: 'How long the oldest of them has waited; 0 where none does',
      read: () => Math.max(0, clock.now() - (ledger.oldestAt() ?? clock.now())) / 1000,
    },
    {
      name: 'clinic_presence_unsaved',
      help: 'Presence changes not yet in PostgreSQL',
      read: () => desk.unsaved(),
    },
  ];
}

/** A scrape waits no longer for it than for anything else PostgreSQL is asked. */
const COUNTED_WITHIN_MS = 1000;

function outcomesGauge({ outcomes, specialties }: Measured): Wanted {
  return {
    name: 'clinic_outcomes_missing',
    help: 'Talks of the last 24 hours whose outcome nobody has set yet, by specialty; shown while PostgreSQL answers',
    label: 'specialty',
    read: async () => {
      let counts: ReadonlyMap<string, number> | null = null;
      await within(
        outcomes.count().then((found) => (counts = found)),
        COUNTED_WITHIN_MS,
      );
      const known = counts as ReadonlyMap<string, number> | null;
      return known === null ? new Map() : bySpecialty(specialties, (specialty) => known.get(specialty) ?? 0);
    },
  };
}

function recordingsGauge({ recordingsDir }: Measured): Wanted {
  return {
    name: 'clinic_recordings_free_ratio',
    help: 'Free part of the disk on which spoken messages are kept, 0 to 1',
    read: async () => {
      const { bavail, blocks } = await statfsAbove(resolve(recordingsDir));
      return bavail / blocks;
    },
  };
}

/** The folder is made with the first message; the disk is that of the nearest folder there is. */
async function statfsAbove(folder: string): Promise<{ bavail: number; blocks: number }> {
  try {
    return await statfs(folder);
  } catch (error) {
    if (dirname(folder) === folder) throw error;
    return statfsAbove(dirname(folder));
  }
}

function counts({ calls, telephony }: Measured): Wanted[] {
  return [
    {
      name: 'clinic_disagreements_mended_total',
      help: 'Places and reservations in Redis that did not fit the calls',
      read: () => calls.mended(),
    },
    {
      name: 'clinic_ari_events_total',
      help: 'Events of Asterisk by fate: told (handed on), ignored (of no interest), malformed',
      label: 'fate',
      read: () => {
        const { told, ignored, malformed } = telephony.counts();
        return new Map(Object.entries({ told, ignored, malformed }));
      },
    },
  ];
}
