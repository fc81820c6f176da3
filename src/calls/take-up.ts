import type { Telephony, TelephonyEvent } from '../asterisk/telephony.ts';
import type { Log } from '../log.ts';
import type { Offer, Routing } from '../routing/routing.ts';
import type { Imports } from './imports.ts';
import { reconcile, type ReconcileDeps } from './reconcile.ts';

/** The calls taken up anew with every connection to the exchange, and what is told until they are. */
export interface TakeUp {
  /** Whether the calls are taken up, and new ones are taken. */
  ready(): boolean;
  /** Resolves when they are; at once where they are, or where nothing is taken up any more. */
  takenUp(): Promise<void>;
  /** Of the exchange as it was found last; '': not yet. */
  asteriskId(): string;
  /** When this Asterisk was started, by its own clock; milliseconds since the epoch. */
  startedAt(): number;
  /** Takes up no more, and hears the exchange no longer. */
  stopHearing(): void;
  /** Offers and ends of wrap-ups are no longer heard. */
  stopRouting(): void;
}

export interface TakeUpDeps extends Omit<ReconcileDeps, 'asteriskId' | 'startedAt' | 'entering'> {
  telephony: Telephony;
  routing: Routing;
  imports: Imports;
  log: Log;
  /** Events told before these calls were there to hear them, in order. */
  heard?: readonly TelephonyEvent[];
  /** Told each time the calls are taken up, before what the exchange kept is asked for. */
  onTakenUp: () => void;
}

const RECONCILE_AGAIN_MS = 1000;

export function startTakingUp(deps: TakeUpDeps): TakeUp {
  const { telephony, routing, switchboard, imports, log } = deps;
  let asteriskId = '';
  let startedAt = 0;
  let ready = false;
  /** Who waits until the calls are taken up. */
  const awaited: (() => void)[] = [];

  function letGo(): void {
    for (const go of awaited.splice(0)) go();
  }

  /** Events of the time in which we do not yet know what is there; null once we do. */
  let held: TelephonyEvent[] | null = [...(deps.heard ?? [])];

  /**
   * Offers for calls nobody has taken up yet: wrap-ups that ended while nobody was there free experts as soon as somebody is.
   * Turned down at once they would cost the first in the queue their turn.
   */
  const early: Offer[] = [];

  function pass(event: TelephonyEvent): void {
    if (event.type === 'channel-entered' && event.args[0] === 'missed')
      imports.take(event.channel.id, event.args);
    else switchboard.handle(event);
  }

  let connection = 0;
  let isOver = false;
  let retry: NodeJS.Timeout | undefined;

  /** Once for every connection; one that has been overtaken by the next stops where it is. */
  async function takeUp(mine: number): Promise<void> {
    try {
      const info = await telephony.asteriskInfo();
      asteriskId = info.systemName;
      startedAt = info.startedAt;
      if (mine !== connection) return;
      const entering = () =>
        new Set(held?.map((event) => (event.type === 'channel-entered' ? event.channel.id : '')));
      await reconcile({ ...deps, asteriskId: () => asteriskId, entering, startedAt });
      if (mine !== connection) return;
      const waiting = held ?? [];
      held = null;
      for (const event of waiting) pass(event);
      for (const offer of early.splice(0))
        // A call that was taken up meanwhile has asked for its place again, and with it for another offer.
        if (!switchboard.live().has(offer.callId)) switchboard.offered(offer);
      ready = telephony.link() === 'ready';
      if (ready) letGo();
      deps.onTakenUp();
      imports.start();
    } catch (error) {
      if (mine !== connection) return;
      log.error({ err: error }, 'calls.not-reconciled');
      retry = setTimeout(() => void takeUp(mine), RECONCILE_AGAIN_MS);
    }
  }

  const hearing = [
    telephony.onEvent((event) => (held === null ? pass(event) : void held.push(event))),
    telephony.onLink((state) => {
      ready = false;
      held = [];
      connection += 1;
      clearTimeout(retry);
      if (state === 'ready') void takeUp(connection);
    }),
  ];
  const offers = [
    routing.onOffer((offer) => {
      if (held !== null && !switchboard.live().has(offer.callId)) early.push(offer);
      else switchboard.offered(offer);
    }),
    routing.onChange((change) => {
      if (change.type === 'wrap-up-ended') switchboard.wrapUpEnded(change.callId, change.expertId);
    }),
  ];
  if (telephony.link() === 'ready') void takeUp(connection);

  return {
    ready: () => ready,
    takenUp: () =>
      ready || isOver ? Promise.resolve() : new Promise((resolve) => void awaited.push(resolve)),
    asteriskId: () => asteriskId,
    startedAt: () => startedAt,
    stopHearing: () => {
      isOver = true;
      letGo();
      connection += 1;
      clearTimeout(retry);
      for (const stop of hearing) stop();
    },
    stopRouting: () => {
      for (const stop of offers) stop();
    },
  };
}
