import type { Telephony } from '../asterisk/telephony.ts';
import type { Log } from '../log.ts';
import type { MissReason } from '../routing/routing.ts';
import type { State } from './call.ts';
import { expertChannel, isCallbackChannel, offerOf } from './identity.ts';
import type { LiveCalls } from './live-calls.ts';
import { quietly } from './quietly.ts';

/** The experts' legs and telephones: what becomes of one is told to the call it was rung for. */
export interface Legs {
  /** The expert has answered. */
  entered(offerId: string): void;
  /** A request given up long ago may reach the exchange all the same, and ring an expert for nobody. */
  heardOf(channelId: string): void;
  /** at: when that was, by our clock. */
  died(offerId: string, cause: number | null, at: number): void;
  telephoneLost(expertId: string, reason: MissReason): void;
  /** A ring nobody can hear is over; two who talk may hear each other all the same. */
  listenTo(expertId: string): void;
}

export interface LegsDeps {
  telephony: Pick<Telephony, 'hangup'>;
  log: Log;
  calls: LiveCalls;
}

/** Q.850 causes of a leg that ended before it was answered. */
const CAUSES: Readonly<Record<number, MissReason>> = {
  3: 'unreachable',
  17: 'busy',
  18: 'no-answer',
  19: 'no-answer',
  20: 'unreachable',
  21: 'declined',
  27: 'unreachable',
  38: 'unreachable',
};

/** Of Q.850's causes 34 to 47 say that the network or a machine in it had no means: nobody's choice at a telephone. */
const missedBy = (cause: number | null): MissReason =>
  CAUSES[cause ?? 0] ?? (cause !== null && cause >= 34 && cause <= 47 ? 'lost' : 'declined');

/** An expert is reserved, and rung at once or as soon as the citizen wants to talk. */
const KEPT: ReadonlySet<State> = new Set(['ringing', 'dialling', 'inviting']);

export function createLegs({ telephony, log, calls }: LegsDeps): Legs {
  function entered(offerId: string): void {
    const runner = ringingFor(offerId);
    if (runner === undefined) return quietly(telephony.hangup(expertChannel(offerId)), log);
    runner.post({ type: 'expert-answered', offerId });
  }

  function heardOf(channelId: string): void {
    const offerId = offerOf(channelId);
    const isOurs = offerId === null ? isAwaited(channelId) : belongs(offerId);
    if (isOurs) return;
    log.warn({ channelId }, 'ring.ownerless');
    quietly(telephony.hangup(channelId), log);
  }

  function died(offerId: string, cause: number | null, at: number): void {
    for (const runner of calls.all()) {
      const { state, offer, talk } = runner.call();
      const talks = talk?.offerId === offerId || state === 'connecting';
      if (offer?.offerId !== offerId && talk?.offerId !== offerId) continue;
      if (talks) runner.post({ type: 'expert-gone', offerId, cause, at });
      else runner.post({ type: 'expert-failed', offerId, reason: missedBy(cause) });
    }
  }

  const ringingFor = (offerId: string) => calls.find((call) => call.offer?.offerId === offerId);
  /** A citizen's telephone that rings though its request was given up for lost, and carried out late. */
  const isAwaited = (channelId: string) => !isCallbackChannel(channelId) || calls.byCitizen.has(channelId);
  const belongs = (offerId: string): boolean =>
    calls.find(({ offer, talk }) => offer?.offerId === offerId || talk?.offerId === offerId) !== undefined;

  function telephoneLost(expertId: string, reason: MissReason): void {
    const runner = calls.find((call) => KEPT.has(call.state) && call.offer?.expertId === expertId);
    const offerId = runner?.call().offer?.offerId;
    if (offerId !== undefined) runner?.post({ type: 'expert-failed', offerId, reason });
    listenTo(expertId);
  }

  function listenTo(expertId: string): void {
    const runner = calls.find((call) => call.state === 'talking' && call.talk?.expertId === expertId);
    const offerId = runner?.call().talk?.offerId;
    if (offerId !== undefined) runner?.post({ type: 'telephone-vanished', offerId });
  }

  return { entered, heardOf, died, telephoneLost, listenTo };
}
