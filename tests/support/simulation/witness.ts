/** What really happened on the line, told by the exchange and not by the application. */

export interface Place {
  id: string;
  specialty: string;
  queuedAt: number;
  /** Since when nobody rings for this citizen nor talks with them. */
  freeSince: number;
  /** Somebody is being rung for this citizen. */
  served: boolean;
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
  /** callId: as the application left it on the channel; empty: the dialplan writes the call down. */
  gone(channelId: string, callId: string): void;
  rung(leg: string, citizen: string, places: readonly Place[]): void;
  together(bridge: string, members: readonly { id: string; kind: 'citizen' | 'expert' }[]): void;
  parted(bridge: string): void;
  sound(channelId: string, audible: boolean): void;
  /** The application was away, or did not yet have the line in its hands. */
  away(from: number, to: number): void;
  /** What was seen elsewhere and must not be. */
  saw(wrong: string): void;
  /** Something was broken on purpose. */
  broke(): void;
  /** Whether the application was away at this moment, or was so at most `withinMs` later. */
  wasAway(at: number, withinMs?: number): boolean;

  citizens(): { id: string; entered: boolean; kept: boolean; callId: string | null }[];
  rings(): { leg: string; citizen: string; at: number }[];
  talks(): Talk[];
  /** What no exchange may ever have seen, in words. */
  wrong(): string[];
}

/** A prompt lost (two seconds) between two of the pauses in which a key is waited for (six each). */
const LONGEST_SILENCE_MS = 15_000;
/** The order of the queue is looked at again so long after something broke. */
const CALM_MS = 15_000;
/** A place, and the end of an offer, are on their way to the queue for a moment. */
const SETTLED_MS = 2_000;

export function createWitness(now: () => number): Witness {
  const citizens = new Map<string, { id: string; entered: boolean; kept: boolean; callId: string | null }>();
  const rings: { leg: string; citizen: string; at: number }[] = [];
  const talks: Talk[] = [];
  const wrong: string[] = [];
  const silentSince = new Map<string, number>();
  const absences: { from: number; to: number }[] = [];
  let lastFault = -Infinity;

  function heardNothing(channelId: string, from: number, to: number): void {
    const away = absences.reduce(
      (sum, absence) => sum + Math.max(0, Math.min(to, absence.to) - Math.max(from, absence.from)),
      0,
    );
    if (to - from - away > LONGEST_SILENCE_MS) wrong.push(`${channelId} heard nothing for ${to - from} ms`);
  }

  function sound(channelId: string, audible: boolean): void {
    const since = silentSince.get(channelId);
    if (!audible && since === undefined) silentSince.set(channelId, now());
    if (!audible || since === undefined) return;
    silentSince.delete(channelId);
    heardNothing(channelId, since, now());
  }

  return {
    called: (id) => void citizens.set(id, { id, entered: false, kept: false, callId: null }),
    entered: (id) => void (citizens.get(id)!.entered = true),
    kept: (id) => void (citizens.get(id)!.kept = true),
    gone: (channelId, callId) => {
      sound(channelId, true);
      const citizen = citizens.get(channelId);
      if (citizen !== undefined) citizen.callId = callId;
    },
    rung: (leg, citizen, places) => {
      rings.push({ leg, citizen, at: now() });
      const mine = places.find(({ id }) => id === citizen);
      if (mine === undefined || now() - lastFault < CALM_MS) return;
      const overtaken = places.filter(
        ({ id, specialty, queuedAt, freeSince, served }) =>
          id !== citizen &&
          specialty === mine.specialty &&
          queuedAt < mine.queuedAt &&
          !served &&
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
    sound,
    away: (from, to) => void absences.push({ from, to }),
    wasAway: (at, withinMs = 0) => absences.some(({ from, to }) => from <= at + withinMs && at <= to),
    saw: (what) => void wrong.push(what),
    broke: () => void (lastFault = now()),
    citizens: () => [...citizens.values()],
    rings: () => rings,
    talks: () => talks,
    wrong: () => wrong,
  };
}
