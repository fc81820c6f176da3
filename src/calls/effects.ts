import { DateTime } from 'luxon';
import type { Telephony } from '../asterisk/telephony.ts';
import type { Clock } from '../clock.ts';
import type { Hours } from '../hours/service.ts';
import type { Log } from '../log.ts';
import { codeOf, messageOf } from '../platform/fault.ts';
import { within } from '../platform/within.ts';
import type { Routing, Waiting } from '../routing/routing.ts';
import type { Call, CallEvent, Effect, LiveOffer } from './call.ts';
import type { Ledger } from './ledger.ts';
import { closedPhrase } from './phrases.ts';
import type { Perform } from './runner.ts';

/** The shell around the table: what the call wants done, done by Asterisk, routing, hours and the ledger. */

export interface EffectDeps {
  telephony: Telephony;
  routing: Routing;
  hours: Pick<Hours, 'check'>;
  ledger: Ledger;
  clock: Clock;
  log: Log;
  zone: string;
  ringSeconds: number;
  callerId: string;
  /** Repeats what failed until it succeeds, outside the call's own inbox. */
  later: (work: () => Promise<unknown>) => void;
}

type Act = Exclude<Effect, { do: 'timer' }>;
type Do<K extends Act['do']> = (
  call: Call,
  effect: Act & { do: K },
  reply: (event: CallEvent) => void,
) => Promise<unknown>;

export const expertChannel = (offerId: string): string => `exp-${offerId}`;
export const talkBridge = (offerId: string): string => `talk-${offerId}`;

/** The call's place in the queue, the same as often as it is asked for. */
export const waitingEntry = (call: Call): Waiting => ({
  callId: call.id,
  specialty: call.specialty ?? '',
  score: call.queuedAt ?? call.enteredAt,
  queuedAt: call.queuedAt ?? call.enteredAt,
  attempts: call.attempts,
});

/** Asterisk gives up by itself this much later than we do, in case we are gone by then. */
const RING_GRACE_SECONDS = 5;
/** How long the first entry may take to become durable before the citizen hears anything. */
const FIRST_ENTRY_PATIENCE_MS = 1000;
/** Where the dialplan takes a number and a message when we cannot put the citizen in the queue. */
/** As the dialplan sets it on entering. */
const LONGEST_STAY_SECONDS = '3600';
const FALLBACK = { context: 'clinic', extension: 'fallback', priority: 1 };

export function createPerform(deps: EffectDeps): Perform {
  const { telephony, routing, hours, ledger, clock, log } = deps;

  /** What the channel carries for whoever finds it later; a talk or a place in the queue does not depend on it. */
  async function mark(call: Call, variables: Record<string, string>): Promise<void> {
    try {
      await telephony.setVariables(call.channelId, variables);
    } catch (error) {
      log.warn({ err: error, ...about(call) }, 'channel.unmarked');
    }
  }

  /** A transition that must not be lost and may be repeated: tried at once, and on until Redis has carried it out. */
  async function surely(call: Call, what: string, transition: () => Promise<unknown>): Promise<void> {
    try {
      await transition();
    } catch (error) {
      log.warn({ err: error, ...about(call) }, `${what}.delayed`);
      deps.later(transition);
    }
  }

  const joinQueue: Do<'join-queue' | 'rejoin-queue'> = async (call, effect, reply) => {
    try {
      const entry = waitingEntry(call);
      const { position } = await (effect.do === 'join-queue'
        ? routing.enqueue(entry)
        : routing.requeue(entry));
      reply({ type: 'queue-joined', position });
      await mark(call, {
        CLINIC_SPECIALTY: entry.specialty,
        CLINIC_QUEUED_AT: String(entry.queuedAt),
        CLINIC_SCORE: String(entry.score),
        // Lifted for a talk that broke off; should we die, the dialplan takes over after this.
        'TIMEOUT(absolute)': LONGEST_STAY_SECONDS,
      });
    } catch (error) {
      log.error({ err: error, ...about(call) }, 'queue.failed');
      reply({ type: 'queue-failed', code: codeOf(error) ?? 'unknown', detail: messageOf(error) });
    }
  };

  const ring: Do<'ring'> = async (call, { offer }, reply) => {
    const { offerId } = offer;
    try {
      // The bridge is needed when the expert answers, not before: nothing competes with the call itself.
      const placed = await telephony.originate(originate(call, offer, deps));
      if (placed === 'done') await telephony.createBridge(talkBridge(offerId));
      if (placed === 'unreachable') reply({ type: 'expert-failed', offerId, reason: 'unreachable' });
    } catch (error) {
      log.error({ err: error, ...about(call), offerId }, 'ring.failed');
      reply({ type: 'expert-failed', offerId, reason: 'lost' });
    }
  };

  /** Without Redis the offer still stands there: coming back to the queue frees the expert and offers on. */
  const miss: Do<'miss'> = async (call, { offerId, reason }, reply) => {
    try {
      await routing.miss(offerId, reason);
    } catch (error) {
      log.warn({ err: error, ...about(call), offerId }, 'miss.failed');
      reply({ type: 'queue-failed', code: codeOf(error) ?? 'unknown', detail: messageOf(error) });
    }
  };

  /**
   * Without CLINIC_CALL_ID the exchange keeps the call and hands it over with how it ended; CLINIC_GIVEN_UP keeps it from
   * coming back to us before a message could be left.
   */
  const toFallback: Do<'to-fallback'> = async (call, _effect, reply) => {
    const handed = [
      await telephony.setVariables(call.channelId, { CLINIC_CALL_ID: '', CLINIC_GIVEN_UP: '1' }),
      await telephony.continueInDialplan(call.channelId, FALLBACK),
    ];
    if (handed.every((reached) => reached === 'done')) reply({ type: 'handed-over' });
  };

  const accept: Do<'accept'> = async (call, { offerId }, reply) => {
    try {
      reply({ type: 'accept-told', offerId, accepted: (await routing.accept(offerId)) === 'accepted' });
    } catch (error) {
      log.error({ err: error, ...about(call), offerId }, 'accept.failed');
      reply({ type: 'expert-failed', offerId, reason: 'lost' });
    }
  };

  const bridge: Do<'bridge'> = async (call, { offerId }, reply) => {
    try {
      const id = talkBridge(offerId);
      const [expert, citizen] = await Promise.all([
        telephony.addToBridge(id, expertChannel(offerId)),
        telephony.addToBridge(id, call.channelId),
      ]);
      // A citizen who is gone is told by an event of its own, which is on its way.
      if (expert === 'gone') reply({ type: 'expert-gone', offerId, cause: null });
      else if (citizen === 'done') reply({ type: 'bridged', offerId });
      // When the talk began is kept for a process that cannot read our snapshot (see rebuild.ts).
      await mark(call, { 'TIMEOUT(absolute)': '0', CLINIC_ANSWERED_AT: String(clock.now()) });
    } catch (error) {
      log.error({ err: error, ...about(call), offerId }, 'bridge.failed');
      reply({ type: 'expert-failed', offerId, reason: 'lost' });
    }
  };

  const stopRinging = (offerId: string) =>
    Promise.all([telephony.hangup(expertChannel(offerId)), telephony.destroyBridge(talkBridge(offerId))]);

  /** The citizen who stays is taken out of the bridge first: see removeFromBridge. */
  const endTalk: Do<'end-talk'> = async (call, { offerId, legGone }) => {
    if (call.citizenGone) return stopRinging(offerId);
    const bridgeId = talkBridge(offerId);
    return Promise.all([
      legGone === true ? undefined : telephony.hangup(expertChannel(offerId)),
      telephony.removeFromBridge(bridgeId, call.channelId).finally(() => telephony.destroyBridge(bridgeId)),
    ]);
  };

  const askHours: Do<'ask-hours'> = (_call, { specialty }, reply) => {
    const now = clock.now();
    const { open, reason, opensAt } = hours.check(specialty, now);
    const words = open ? [] : closedPhrase(specialty, opensAt, DateTime.fromMillis(now, { zone: deps.zone }));
    reply({ type: 'hours-told', specialty, open, reason, opensAt: opensAt?.toISO() ?? null, words });
    return Promise.resolve();
  };

  const record: Do<'record'> = async (call, { entry }) => {
    log.info({ ...about(call), ...brief(entry) }, entry.kind);
    const durable = ledger.append({ ...entry, callId: call.id, at: new Date(clock.now()).toISOString() });
    // The dialplan keeps a call of which we have not said by this variable that it is written down.
    const told = durable.then(() =>
      entry.kind === 'call.entered'
        ? telephony.setVariables(call.channelId, { CLINIC_CALL_ID: call.id })
        : undefined,
    );
    told.catch((error: unknown) =>
      log.error({ err: error, ...about(call), kind: entry.kind }, 'entry.delayed'),
    );
    if (entry.kind === 'call.entered') await within(durable, FIRST_ENTRY_PATIENCE_MS);
  };

  const table: { [K in Act['do']]: Do<K> } = {
    record,
    play: (call, { playbackId, sounds }, reply) =>
      playing(telephony.play(call.channelId, playbackId, sounds), playbackId, reply),
    'stop-playing': (_call, { playbackId }) => telephony.stopPlayback(playbackId),
    music: (call, { on }) =>
      on ? telephony.startMusic(call.channelId) : telephony.stopMusic(call.channelId),
    'ask-hours': askHours,
    'join-queue': joinQueue,
    'rejoin-queue': joinQueue,
    'leave-queue': (call) => surely(call, 'leave', () => routing.leave(call.id)),
    'ask-position': async (call, _effect, reply) =>
      reply({ type: 'position-told', position: await position(call) }),
    ring,
    'stop-ringing': (_call, { offerId }) => stopRinging(offerId),
    accept,
    miss,
    bridge,
    'end-talk': endTalk,
    release: (call, { wrapUpSeconds }) =>
      surely(call, 'release', () => routing.release(call.id, wrapUpSeconds)),
    'hang-up-citizen': (call) => telephony.hangup(call.channelId),
    'to-fallback': toFallback,
  };

  async function position(call: Call): Promise<number | null> {
    try {
      return await routing.position(call.id);
    } catch (error) {
      log.warn({ err: error, ...about(call) }, 'position.unknown');
      return null;
    }
  }

  return async (call, effect, reply) => {
    await (
      table[effect.do] as (call: Call, effect: Act, reply: (event: CallEvent) => void) => Promise<unknown>
    )(call, effect, reply);
  };
}

function originate(call: Call, offer: LiveOffer, deps: EffectDeps): Parameters<Telephony['originate']>[0] {
  return {
    channelId: expertChannel(offer.offerId),
    endpoint: `PJSIP/${offer.expertId}`,
    args: ['expert', offer.offerId],
    // An expert does not see citizens' numbers; the call's own page tells those who may.
    callerId: deps.callerId,
    timeoutSeconds: deps.ringSeconds + RING_GRACE_SECONDS,
    originatorId: call.channelId,
    variables: { CLINIC_CALL_ID: call.id },
  };
}

/** Words that could not be started are over at once, so that the call never waits for them. */
async function playing(
  started: Promise<unknown>,
  playbackId: string,
  reply: (event: CallEvent) => void,
): Promise<void> {
  try {
    await started;
  } catch (error) {
    reply({ type: 'playback-finished', playbackId });
    throw error;
  }
}

/** What every line of a call begins with. */
const about = ({ id, state, visit }: Call) => ({ callId: id, state, visit });

/** The part of an entry that belongs in a log line: no number of a citizen stands in it. */
function brief(entry: Extract<Effect, { do: 'record' }>['entry']): Record<string, unknown> {
  const data: Record<string, unknown> = { ...entry.data };
  for (const name of ['callerReceived', 'caller', 'number', 'note', 'why']) delete data[name];
  return { seq: entry.seq, actor: entry.actor, ...data };
}
