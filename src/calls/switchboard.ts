import { EventEmitter, once } from 'node:events';
import type { ChannelSnapshot, Telephony, TelephonyEvent } from '../asterisk/telephony.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { MissReason, Offer, Routing } from '../routing/routing.ts';
import { aborted } from '../platform/signals.ts';
import { arrivalOf } from './arrival.ts';
import type { Call, Settings } from './call.ts';
import { expertChannel } from './effects.ts';
import { begin, type Step } from './machine.ts';
import { OUTCOME_BY_DIGIT } from './outcomes.ts';
import { startRunner, type Perform, type Runner } from './runner.ts';
import type { Snapshots } from './snapshots.ts';

/** Which event belongs to which call. Holds the live calls of this process. */
export interface Switchboard {
  handle(event: TelephonyEvent): void;
  offered(offer: Offer): void;
  wrapUpEnded(callId: string, expertId: string): void;
  /** By keypad in the expert's wrap-up or talk; `refused` where no call of this expert is open or the digit means nothing. */
  setOutcome(expertId: string, digit: string): 'saved' | 'refused';
  take(step: Step): Runner;
  live(): ReadonlyMap<string, Runner>;
  /** Whether this process has written the end of this call, which is waited for a little where it is still live. */
  hasEnded(callId: string): Promise<boolean>;
  /** Waits until every call has handled what arrived so far. */
  settle(): Promise<void>;
  /**
   * Lets every step in progress finish, and what these bring about; begins no other. To be called when nothing more comes
   * from outside: the calls' timers are dropped. Ends when the signal comes.
   */
  rest(signal: AbortSignal): Promise<void>;
  /** Saves the calls at rest: what their last steps intended is done, and a successor need not do it again. */
  saveAll(): Promise<void>;
}

export interface SwitchboardDeps {
  telephony: Telephony;
  routing: Routing;
  snapshots: Snapshots;
  perform: Perform;
  settings: Settings;
  clock: Clock;
  log: Log;
  areaCode: string;
  asteriskId: () => string;
  /** Repeats what failed until it succeeds. */
  later: (work: () => Promise<unknown>) => void;
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

const DESTROYED_WITHIN_MS = 200;
/** The end of a channel is told within milliseconds; longer than the exchange takes to answer one request. */
const ENDS_WITHIN_MS = 3000;
const ENDED_KEPT = 10_000;

export function createSwitchboard(deps: SwitchboardDeps): Switchboard {
  const { telephony, settings, clock, log } = deps;
  const runners = new Map<string, Runner>();
  const citizens = new Map<string, Runner>();
  const leaving = new Map<string, NodeJS.Timeout>();
  /** Whose end we have written, oldest first. */
  const ended = new Set<string>();
  const endings = new EventEmitter().setMaxListeners(0);
  const playbackOwner = (playbackId: string) =>
    runners.get(playbackId.slice('pb-'.length, 'pb-'.length + 36));

  function take(step: Step): Runner {
    const { id, channelId } = step.call;
    const runner = startRunner(step, { ...deps, onEnded: forget });
    runners.set(id, runner);
    citizens.set(channelId, runner);
    return runner;
  }

  function forget(call: Call): void {
    runners.delete(call.id);
    citizens.delete(call.channelId);
    clearTimeout(leaving.get(call.channelId));
    leaving.delete(call.channelId);
    // A call handed over to the exchange is over for us without an end of ours.
    if (call.citizenGone) ended.add(call.id);
    const [oldest] = ended;
    if (ended.size > ENDED_KEPT && oldest !== undefined) ended.delete(oldest);
    endings.emit(call.id);
  }

  async function hasEnded(callId: string): Promise<boolean> {
    if (runners.has(callId))
      await once(endings, callId, { signal: AbortSignal.timeout(ENDS_WITHIN_MS) }).catch(() =>
        log.warn({ callId }, 'call.still-live'),
      );
    return ended.has(callId);
  }

  function enter(channel: ChannelSnapshot, args: string[], at: number): void {
    // The dialplan's loop or our own take-over brings back a call that is known: it has not left, and its music is gone.
    if (citizens.has(channel.id)) return comesBack(channel.id);
    const arrival = arrivalOf(channel, args, at, { asteriskId: deps.asteriskId(), areaCode: deps.areaCode });
    quietly(telephony.watchChannel(channel.id));
    take(begin(arrival, settings, clock.now()));
  }

  function expertEntered(offerId: string): void {
    const runner = ringingFor(offerId);
    if (runner === undefined) return quietly(telephony.hangup(expertChannel(offerId)));
    runner.post({ type: 'expert-answered', offerId });
  }

  function expertDied(offerId: string, cause: number | null): void {
    for (const runner of runners.values()) {
      const { state, offer, talk } = runner.call();
      const talks = talk?.offerId === offerId || state === 'connecting';
      if (offer?.offerId !== offerId && talk?.offerId !== offerId) continue;
      if (talks) runner.post({ type: 'expert-gone', offerId, cause });
      else runner.post({ type: 'expert-failed', offerId, reason: CAUSES[cause ?? 0] ?? 'declined' });
    }
  }

  const ringingFor = (offerId: string) => find((call) => call.offer?.offerId === offerId);

  function find(fits: (call: Call) => boolean): Runner | undefined {
    for (const runner of runners.values()) if (fits(runner.call())) return runner;
    return undefined;
  }

  /** An expert may have an earlier talk whose wrap-up is not over yet; the keypad means the last one. */
  function latestTalkOf(expertId: string): Runner | undefined {
    const talks = [...runners.values()].filter((runner) => runner.call().talk?.expertId === expertId);
    const began = (runner: Runner) => runner.call().talk?.startedAt ?? 0;
    return talks.toSorted((a, b) => began(b) - began(a))[0];
  }

  function quietly(request: Promise<unknown>): void {
    request.catch((error: unknown) => log.warn({ err: error }, 'request.failed'));
  }

  function destroyed(channelId: string, cause: number | null): void {
    const offerId = offerOf(channelId);
    if (offerId === null) citizens.get(channelId)?.post({ type: 'citizen-gone', cause });
    else expertDied(offerId, cause);
  }

  /** Usually the channel is destroyed in the same breath, which tells the cause; where it only left us, this is all. */
  function left(channelId: string): void {
    if (!citizens.has(channelId)) return;
    clearTimeout(leaving.get(channelId));
    leaving.set(
      channelId,
      setTimeout(() => destroyed(channelId, null), DESTROYED_WITHIN_MS),
    );
  }

  function comesBack(channelId: string): void {
    clearTimeout(leaving.get(channelId));
    leaving.delete(channelId);
    const state = citizens.get(channelId)?.call().state;
    if (state === 'waiting' || state === 'position' || state === 'ringing')
      quietly(telephony.startMusic(channelId));
  }

  function handle(event: TelephonyEvent): void {
    switch (event.type) {
      case 'channel-entered':
        if (event.args[0] === 'citizen') enter(event.channel, event.args, event.at);
        else if (event.args[0] === 'expert') expertEntered(event.args[1] ?? '');
        return;
      case 'digit':
        return citizens.get(event.channelId)?.post({ type: 'citizen-digit', digit: event.digit });
      case 'playback-finished':
        return playbackOwner(event.playbackId)?.post({
          type: 'playback-finished',
          playbackId: event.playbackId,
        });
      case 'hangup-requested':
        // The cause, and the end of an expert's leg, are told a moment later when the channel is destroyed.
        return;
      case 'channel-destroyed':
        // 0: the telephone gave no cause, as most do when they simply hang up.
        return destroyed(event.channelId, event.cause === 0 ? null : event.cause);
      case 'channel-left':
        return left(event.channelId);
      case 'endpoint-state':
        return event.online ? undefined : telephoneVanished(event.endpoint);
      case 'contact':
      case 'channel-state':
        return;
    }
  }

  function telephoneVanished(expertId: string): void {
    const runner = find((call) => call.state === 'ringing' && call.offer?.expertId === expertId);
    const offerId = runner?.call().offer?.offerId;
    if (offerId !== undefined) runner?.post({ type: 'expert-failed', offerId, reason: 'unreachable' });
  }

  const all = (): Runner[] => [...runners.values()];

  /** Words that end while nobody is there to hear of it are followed by music: Asterisk keeps the request until then. */
  async function keepCompany({ id, channelId, playing, citizenGone, state }: Call): Promise<void> {
    if (playing === null || citizenGone || state === 'leaving' || state === 'wrap-up') return;
    await telephony.startMusic(channelId).catch((error: unknown) => {
      log.warn({ err: error, callId: id }, 'music.refused');
    });
  }

  /** One still in a step is left as it was saved before that step. */
  async function saveRested(runner: Runner): Promise<void> {
    if (runner.busy()) return;
    try {
      await deps.snapshots.save({ call: runner.call(), effects: [] });
    } catch (error) {
      log.warn({ err: error, callId: runner.call().id }, 'snapshot.failed');
    }
  }

  return {
    handle,
    take,
    offered: ({ callId, offerId, expertId, attempt, madeAt, why }) => {
      const runner = runners.get(callId);
      if (runner !== undefined)
        return runner.post({ type: 'offered', offer: { offerId, expertId, attempt, madeAt, why } });
      log.warn({ callId, offerId }, 'offer.ownerless');
      quietly(deps.routing.leave(callId));
    },
    wrapUpEnded: (callId, expertId) => runners.get(callId)?.post({ type: 'wrap-up-ended', expertId }),
    setOutcome: (expertId, digit) => {
      const code = OUTCOME_BY_DIGIT[digit];
      const open = latestTalkOf(expertId);
      if (code === undefined || open === undefined) return 'refused';
      open.post({ type: 'outcome-set', expertId, code });
      return 'saved';
    },
    live: () => runners,
    hasEnded,
    settle: async () => void (await Promise.all([...runners.values()].map((runner) => runner.idle()))),
    rest: async (signal) => {
      for (const timer of leaving.values()) clearTimeout(timer);
      for (let busy = all(); busy.length > 0 && !signal.aborted; busy = all().filter((one) => one.busy())) {
        for (const runner of busy) runner.abandon();
        await Promise.race([Promise.all(busy.map((runner) => runner.idle())), aborted(signal)]);
      }
      for (const runner of all()) runner.abandon();
      await Promise.all(all().map((runner) => keepCompany(runner.call())));
    },
    saveAll: async () => void (await Promise.all(all().map((runner) => saveRested(runner)))),
  };
}

/** The offer an expert's leg was made for; null for any other channel. */
export function offerOf(channelId: string): string | null {
  return channelId.startsWith('exp-') ? channelId.slice('exp-'.length) : null;
}
