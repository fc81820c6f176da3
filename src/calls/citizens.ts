import type { ChannelSnapshot, Telephony } from '../asterisk/telephony.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { arrivalOf, byOurClock } from './arrival.ts';
import type { Settings } from './call.ts';
import type { LiveCalls } from './live-calls.ts';
import { begin } from './machine.ts';
import { quietly } from './quietly.ts';
import { rebuild } from './rebuild.ts';
import { revive } from './revival.ts';

/** The citizens' channels: how they come, come back and leave. */
export interface Citizens {
  entered(channel: ChannelSnapshot, args: string[], at: number): void;
  /** Whom we call back has answered; nobody here who wants to talk to them: the promise stands, and they are called again. */
  answered(channelId: string): void;
  /** cause: Q.850; null where none is known. at: when that was, by our clock. */
  gone(channelId: string, cause: number | null, at: number): void;
  /** Usually the channel is destroyed in the same breath, which tells the cause; where it only left us, this is all. */
  left(channelId: string): void;
  /** The call is over, or the citizen is back: what waits for the end of the channel is dropped. */
  forget(channelId: string): void;
  /** Whoever has left is no longer taken for gone. */
  dropTimers(): void;
}

export interface CitizensDeps {
  telephony: Telephony;
  settings: Settings;
  clock: Clock;
  log: Log;
  areaCode: string;
  asteriskId: () => string;
  calls: LiveCalls;
}

const DESTROYED_WITHIN_MS = 200;
/** Nobody is joined to a channel that comes from the dialplan. */
const ALONE = { channels: [], bridges: [] };

export function createCitizens(deps: CitizensDeps): Citizens {
  const { telephony, settings, clock, log, calls } = deps;
  const leaving = new Map<string, NodeJS.Timeout>();

  function entered(channel: ChannelSnapshot, args: string[], at: number): void {
    // The dialplan's loop or our own take-over brings back a call that is known: it has not left, and its music is gone.
    if (calls.byCitizen.has(channel.id)) return comesBack(channel.id);
    const now = clock.now();
    const context = { asteriskId: deps.asteriskId(), areaCode: deps.areaCode };
    const arrival = byOurClock(arrivalOf(channel, args, at, context), at, now);
    quietly(telephony.watchChannel(channel.id), log);
    const call = rebuild(channel, arrival, ALONE, now);
    if (call === null) return void calls.take(begin(arrival, settings, now));
    // Back from the dialplan's message service, where the exchange was to tell how the call ends: that is ours again.
    log.info({ callId: call.id, queuedAt: call.queuedAt }, 'call.came-back');
    calls.take(revive(call, false, settings, now));
    quietly(telephony.setVariables(channel.id, { CLINIC_CALL_ID: call.id }), log);
  }

  function answered(channelId: string): void {
    const runner = calls.byCitizen.get(channelId);
    if (runner === undefined) return quietly(telephony.hangup(channelId), log);
    runner.post({ type: 'citizen-answered' });
  }

  const gone = (channelId: string, cause: number | null, at: number): void =>
    calls.byCitizen.get(channelId)?.post({ type: 'citizen-gone', cause, at });

  function left(channelId: string): void {
    if (!calls.byCitizen.has(channelId)) return;
    const at = clock.now();
    clearTimeout(leaving.get(channelId));
    leaving.set(
      channelId,
      setTimeout(() => gone(channelId, null, at), DESTROYED_WITHIN_MS),
    );
  }

  function forget(channelId: string): void {
    clearTimeout(leaving.get(channelId));
    leaving.delete(channelId);
  }

  function comesBack(channelId: string): void {
    forget(channelId);
    const state = calls.byCitizen.get(channelId)?.call().state;
    if (state === 'waiting' || state === 'position' || state === 'ringing')
      quietly(telephony.startMusic(channelId), log);
  }

  return {
    ...{ entered, answered, gone, left, forget },
    dropTimers: () => {
      for (const timer of leaving.values()) clearTimeout(timer);
    },
  };
}
