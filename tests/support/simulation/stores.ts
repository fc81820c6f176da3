import { EventEmitter } from 'node:events';
import type { Redis } from 'ioredis';
import type { LedgerEntry } from '../../../src/calls/ledger.ts';
import { readSnapshot, FORMAT, type Snapshots, type Standing } from '../../../src/calls/snapshots.ts';
import type { Told } from '../../../src/routing/mechanism.ts';
import { createModel, type Model } from '../../../src/routing/model.ts';
import type { Offer, Routing } from '../../../src/routing/routing.ts';
import { createTeller } from '../../../src/routing/teller.ts';
import { POLICY } from '../routing.ts';
import { silentLog } from '../silent-log.ts';
import type { Ask } from './instance.ts';

/** What Redis and PostgreSQL hold: it outlives every process. */
export interface Stores {
  model: Model;
  newOfferId: () => string;
  snapshots: Map<string, string>;
  /** `call id` → seq → entry, as the database keeps them: the first of a number stands. */
  ledger: Map<string, Map<number, LedgerEntry>>;
  /** Entries that came again under their number with another content. */
  contradictions: string[];
  offers: Map<string, Offer>;
  nextDeadline: number | null;
  redis: RedisHandle;
}

/** What the parts of the application ask of a connection to Redis besides its commands. */
export type RedisHandle = EventEmitter & { status: 'ready' | 'reconnecting' };

export function createStores(): Stores {
  let offers = 0;
  const newOfferId = () => `offer-${String((offers += 1)).padStart(4, '0')}`;
  return {
    ...{ newOfferId, model: createModel(POLICY, newOfferId) },
    ...{ snapshots: new Map(), ledger: new Map(), contradictions: [], offers: new Map(), nextDeadline: null },
    redis: Object.assign(new EventEmitter().setMaxListeners(0), { status: 'ready' as const }),
  };
}

/** FLUSHALL */
export function empty(stores: Stores): void {
  stores.model = createModel(POLICY, stores.newOfferId);
  stores.snapshots.clear();
  stores.offers.clear();
  stores.nextDeadline = null;
}

export function createSnapshotStore({ snapshots }: Stores, ask: Ask): Snapshots {
  return {
    save: (snapshot) => {
      const text = JSON.stringify({ format: FORMAT, ...snapshot });
      return ask('snapshot save', () => void snapshots.set(snapshot.call.id, text));
    },
    remove: (callId) => ask('snapshot remove', () => void snapshots.delete(callId)),
    all: () =>
      ask('snapshot all', () => {
        const standing: Standing = { kept: [], refused: [] };
        for (const [callId, text] of snapshots) {
          const read = readSnapshot(callId, text);
          if ('call' in read) standing.kept.push(read);
          else standing.refused.push({ callId, format: read.format });
        }
        return standing;
      }),
  };
}

export function append({ ledger, contradictions }: Stores, entry: LedgerEntry): void {
  const entries = ledger.get(entry.callId) ?? new Map<number, LedgerEntry>();
  ledger.set(entry.callId, entries);
  const before = entries.get(entry.seq);
  if (before === undefined) entries.set(entry.seq, entry);
  else if (before.kind !== entry.kind)
    contradictions.push(`${entry.callId} ${entry.seq}: ${before.kind}, then ${entry.kind}`);
}

/** The routing of one process: the model in the place of Redis, the real teller before it. */
export async function createSimulatedRouting(
  stores: Stores,
  ask: Ask,
  clock: { now(): number },
): Promise<Routing> {
  const model = () => stores.model;
  const now = () => clock.now();
  const told = <T>(name: string, act: () => Told<T>): Promise<Told<T>> =>
    ask(name, () => {
      const answer = act();
      for (const offer of answer.offers) stores.offers.set(offer.offerId, offer);
      stores.nextDeadline = answer.nextDeadline;
      return structuredClone(answer);
    });
  const read = () =>
    ask('read-offers', () => ({
      live: model()
        .reservations()
        .map((one) => ({
          ...one,
          offer: one.activity === 'ringing' ? (stores.offers.get(one.offerId) ?? null) : null,
        })),
      nextDeadline: stores.nextDeadline,
    }));
  const teller = createTeller({
    redis: stores.redis as unknown as Redis,
    clock: { now, monotonic: now },
    log: silentLog,
    read,
    expire: () => told('expire', () => model().expire(now())),
    before: await read(),
  });
  const { pass } = teller;
  return {
    onOffer: teller.onOffer,
    onChange: teller.onChange,
    enqueue: (entry) => pass(told('enqueue', () => model().enqueue(now(), entry))),
    requeue: (entry) => pass(told('requeue', () => model().requeue(now(), entry))),
    resume: (held) => pass(told('resume', () => model().resume(now(), held))),
    leave: (callId) => pass(told('leave', () => model().leave(now(), callId))),
    accept: (offerId) => pass(told('accept', () => model().accept(now(), offerId))),
    miss: (offerId, reason) => pass(told('miss', () => model().miss(now(), offerId, reason))),
    release: (callId, seconds) => pass(told('release', () => model().release(now(), callId, seconds * 1000))),
    putExpert: (id, skills) => pass(told('putExpert', () => model().putExpert(now(), id, skills))),
    reconsider: () => pass(told('reconsider', () => model().reconsider(now()))),
    removeExpert: (id) => pass(told('removeExpert', () => model().removeExpert(now(), id))),
    setIntent: (id, intent, reason, until) =>
      pass(told('setIntent', () => model().setIntent(now(), id, intent, reason, until))),
    setReachable: (id, reachable) =>
      pass(told('setReachable', () => model().setReachable(now(), id, reachable))),
    position: (callId) => ask('position', () => model().position(callId)),
    expert: (id) =>
      ask(
        'expert',
        () =>
          model()
            .experts()
            .find(({ expertId }) => expertId === id) ?? null,
      ),
    experts: () => ask('experts', () => model().experts()),
    queues: (specialties) => ask('queues', () => model().queues(now(), specialties)),
    reservations: () => ask('reservations', () => model().reservations()),
    waiting: () => ask('waiting', () => model().waiting()),
    close: () => teller.close(),
  };
}
