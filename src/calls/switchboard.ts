import type { Telephony, TelephonyEvent } from '../asterisk/telephony.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Offer, Routing } from '../routing/routing.ts';
import type { Settings } from './call.ts';
import { createCitizens } from './citizens.ts';
import { offerOf } from './identity.ts';
import { createLegs } from './legs.ts';
import { createLiveCalls } from './live-calls.ts';
import type { Step } from './machine.ts';
import { quietly } from './quietly.ts';
import { rest, saveRested } from './rest.ts';
import type { Perform, Runner } from './runner.ts';
import type { Snapshots } from './snapshots.ts';

/** Which event belongs to which call, and the live calls of this process. */
export interface Switchboard {
  handle(event: TelephonyEvent): void;
  offered(offer: Offer): void;
  wrapUpEnded(callId: string, expertId: string): void;
  /** By keypad in the expert's wrap-up or talk; false where no call of this expert is open. */
  setOutcome(expertId: string, code: string): boolean;
  /** The call of this expert's last talk that is over, as far as this process has seen. */
  lastCallOf(expertId: string): string | null;
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

export function createSwitchboard(deps: SwitchboardDeps): Switchboard {
  const { routing, clock, log } = deps;
  const calls = createLiveCalls({ ...deps, onForgotten: ({ channelId }) => citizens.forget(channelId) });
  const citizens = createCitizens({ ...deps, calls });
  const legs = createLegs({ ...deps, calls });
  const resting = { ...deps, all: () => calls.all() };
  const playbackOwner = (playbackId: string) =>
    calls.byId.get(playbackId.slice('pb-'.length, 'pb-'.length + 36));

  function destroyed(channelId: string, cause: number | null, lateMs: number): void {
    const offerId = offerOf(channelId);
    const at = clock.now() - lateMs;
    if (offerId === null) citizens.gone(channelId, cause, at);
    else legs.died(offerId, cause, at);
  }

  /** Told for each leg before any of them ends, so that no end is taken for the wish of somebody at a telephone. */
  function lost(channelId: string): void {
    const offerId = offerOf(channelId);
    const runner =
      calls.byCitizen.get(channelId) ??
      calls.find(({ offer, talk }) => offerId !== null && (talk ?? offer)?.offerId === offerId);
    runner?.post({ type: 'exchange-lost' });
  }

  function handle(event: TelephonyEvent): void {
    switch (event.type) {
      case 'channel-entered':
        if (event.args[0] === 'citizen') citizens.entered(event.channel, event.args, event.at);
        else if (event.args[0] === 'callback') citizens.answered(event.channel.id);
        else if (event.args[0] === 'expert') legs.entered(event.args[1] ?? '');
        return;
      case 'digit':
        return calls.byCitizen.get(event.channelId)?.post({ type: 'citizen-digit', digit: event.digit });
      case 'playback-finished':
        return playbackOwner(event.playbackId)?.post({
          ...{ type: 'playback-finished', playbackId: event.playbackId },
          ...(event.failed ? { unheard: true } : {}),
        });
      case 'hangup-requested':
        // The cause, and the end of an expert's leg, are told a moment later when the channel is destroyed.
        return event.byExchange ? lost(event.channelId) : undefined;
      case 'channel-destroyed':
        // 0: the telephone gave no cause, as most do when they simply hang up.
        return destroyed(event.channelId, event.cause === 0 ? null : event.cause, event.lateMs ?? 0);
      case 'channel-left':
        return citizens.left(event.channelId);
      case 'endpoint-state':
        return event.online ? undefined : legs.telephoneLost(event.endpoint, 'unreachable');
      case 'contact':
        // The ring goes to the address from before, where a restarted telephone does not hear it.
        if (event.moved === true) return legs.telephoneLost(event.endpoint, 'lost');
        return event.reachable ? undefined : legs.listenTo(event.endpoint);
      case 'channel-state':
        return legs.heardOf(event.channelId);
    }
  }

  return {
    handle,
    take: (step) => calls.take(step),
    offered: ({ callId, offerId, expertId, attempt, madeAt, why }) => {
      const runner = calls.byId.get(callId);
      if (runner !== undefined)
        return runner.post({ type: 'offered', offer: { offerId, expertId, attempt, madeAt, why } });
      log.warn({ callId, offerId }, 'offer.ownerless');
      quietly(routing.leave(callId), log);
    },
    wrapUpEnded: (callId, expertId) => calls.byId.get(callId)?.post({ type: 'wrap-up-ended', expertId }),
    setOutcome: (expertId, code) => {
      const open = calls.latestTalkOf(expertId);
      open?.post({ type: 'outcome-set', expertId, code });
      return open !== undefined;
    },
    lastCallOf: (expertId) => calls.lastCallOf(expertId),
    live: () => calls.byId,
    hasEnded: (callId) => calls.hasEnded(callId),
    settle: async () => void (await Promise.all(calls.all().map((runner) => runner.idle()))),
    rest: (signal) => {
      citizens.dropTimers();
      return rest(resting, signal);
    },
    saveAll: () => saveRested(resting),
  };
}
