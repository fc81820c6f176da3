import { isCallbackChannel } from '../../../src/calls/identity.ts';

/** What really happened on the line, told by the exchange and not by the application. */

export interface Place {
  id: string;
  specialty: string;
  queuedAt: number;
  /** Since when nobody rings for this citizen nor talks with them. */
  freeSince: number;
  /** Somebody is being rung for this citizen. */
  served: boolean;
  /** When the talk last broke off by a fault. */
  brokenAt: number;
}

export interface Talk {
  bridge: string;
  citizen: string;
  from: number;
  to: number | null;
}

export interface Witness {
  called(citizen: string): void;
  entered(citizen: string): void;
  /** The dialplan's message service has the citizen. */
  kept(citizen: string): void;
  /** The exchange itself has ended under this citizen's call. */
  lost(channelId: string): void;
  /** callId: as the application left it on the channel; empty: the dialplan writes the call down. */
  gone(channelId: string, callId: string): void;
  rung(leg: string, citizen: string, places: readonly Place[]): void;
  together(bridge: string, members: readonly { id: string; kind: 'citizen' | 'expert' }[]): void;
  parted(bridge: string): void;
  /** A citizen is rid of a line without a voice. */
  deadLineEnds(citizen: string, since: number): void;
  sound(channelId: string, audible: boolean): void;
  /** The application was away, or did not yet have the line in its hands. */
  away(from: number, to: number): void;
  /** What was seen elsewhere and must not be. */
  saw(wrong: string): void;
  /** Something was broken on purpose. */
  broke(): void;
  /** Whether the application was away at this moment, or was so at most `withinMs` later. */
  wasAway(at: number, withinMs?: number): boolean;

  citizens(): Citizen[];
  rings(): { leg: string; citizen: string; at: number }[];
  talks(): Talk[];
  /** What no exchange may ever have seen, in words. */
  wrong(): string[];
}

export interface Citizen {
  id: string;
  entered: boolean;
  kept: boolean;
  /** When the exchange ended under the call; null: it did not. */
  lostAt: number | null;
  callId: string | null;
}

interface Silence {
  channelId: string;
  from: number;
  to: number;
}

/** A prompt lost (two seconds) between two of the pauses in which a key is waited for (six each). */
const LONGEST_SILENCE_MS = 15_000;
/** The order of the queue is looked at again so long after something broke. */
const CALM_MS = 15_000;
/** A place, and the end of an offer, are on their way to the queue for a moment. */
const SETTLED_MS = 2_000;
/** So long others may pass who was cut off and is kept for the same expert: SAME_EXPERT_SECONDS of the simulated line. */
export const KEPT_MS = 6_000;
/** The telephone answers nothing any more, and a second is listened. */
const LONGEST_DEAD_LINE_MS = 3_000;

export function createWitness(now: () => number): Witness {
  const citizens = new Map<string, Citizen>();
  const rings: { leg: string; citizen: string; at: number }[] = [];
  const talks: Talk[] = [];
  const wrong: string[] = [];
  const silentSince = new Map<string, number>();
  const silences: Silence[] = [];
  const absences: { from: number; to: number }[] = [];
  let lastFault = -Infinity;

  /** When the application was away is known only afterwards. */
  function heardNothing({ channelId, from, to }: Silence): string[] {
    const away = absences.reduce(
      (sum, absence) => sum + Math.max(0, Math.min(to, absence.to) - Math.max(from, absence.from)),
      0,
    );
    return to - from - away > LONGEST_SILENCE_MS ? [`${channelId} heard nothing for ${to - from} ms`] : [];
  }

  function sound(channelId: string, audible: boolean): void {
    const since = silentSince.get(channelId);
    if (!audible && since === undefined) silentSince.set(channelId, now());
    if (!audible || since === undefined) return;
    silentSince.delete(channelId);
    silences.push({ channelId, from: since, to: now() });
  }

  return {
    called: (id) => void citizens.set(id, { id, entered: false, kept: false, lostAt: null, callId: null }),
    entered: (id) => void (citizens.get(id)!.entered = true),
    kept: (id) => void (citizens.get(id)!.kept = true),
    lost: (channelId) => {
      const citizen = citizens.get(channelId);
      if (citizen !== undefined) citizen.lostAt = now();
    },
    gone: (channelId, callId) => {
      sound(channelId, true);
      const citizen = citizens.get(channelId);
      if (citizen !== undefined) citizen.callId = callId;
    },
    rung: (leg, citizen, places) => {
      // An expert is kept before a citizen is called back: who comes to wait meanwhile is not overtaken.
      const wasKept = isCallbackChannel(citizen) && !rings.some((ring) => ring.citizen === citizen);
      rings.push({ leg, citizen, at: now() });
      const mine = places.find(({ id }) => id === citizen);
      if (mine === undefined || wasKept || now() - lastFault < CALM_MS) return;
      const overtaken = places.filter(
        ({ id, specialty, queuedAt, freeSince, served, brokenAt }) =>
          id !== citizen &&
          specialty === mine.specialty &&
          queuedAt < mine.queuedAt &&
          !served &&
          now() - brokenAt > KEPT_MS + SETTLED_MS &&
          now() - Math.max(queuedAt, freeSince) > SETTLED_MS,
      );
      for (const { id } of overtaken) wrong.push(`${citizen} overtook ${id}`);
    },
    together: (bridge, members) => {
      const of = (kind: string) => members.filter((member) => member.kind === kind);
      if (of('citizen').length > 1) wrong.push(`${bridge} joins two citizens`);
      if (of('expert').length > 1) wrong.push(`${bridge} joins two experts`);
      const [citizen] = of('citizen');
      if (citizen !== undefined && of('expert').length > 0)
        talks.push({ bridge, citizen: citizen.id, from: now(), to: null });
    },
    parted: (bridge) => {
      const talk = talks.findLast((one) => one.bridge === bridge);
      if (talk !== undefined) talk.to ??= now();
    },
    deadLineEnds: (citizen, since) => {
      if (since - lastFault > CALM_MS && now() - since > LONGEST_DEAD_LINE_MS && lastFault < since)
        wrong.push(`${citizen} listened to a dead line for ${now() - since} ms`);
    },
    sound,
    away: (from, to) => void absences.push({ from, to }),
    wasAway: (at, withinMs = 0) => absences.some(({ from, to }) => from <= at + withinMs && at <= to),
    saw: (what) => void wrong.push(what),
    broke: () => void (lastFault = now()),
    citizens: () => [...citizens.values()],
    rings: () => rings,
    talks: () => talks,
    wrong: () => [...wrong, ...silences.flatMap(heardNothing)],
  };
}
