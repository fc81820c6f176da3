import type { BridgeSnapshot, ChannelSnapshot, Telephony } from '../asterisk/telephony.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Routing } from '../routing/routing.ts';
import { arrivalOf } from './arrival.ts';
import type { Call, Settings } from './call.ts';
import { expertChannel, isCallbackChannel, offerOf, offerOfBridge } from './identity.ts';
import { isAway, missedEvents, type Exchange } from './missed-events.ts';
import { rebuild, remains } from './rebuild.ts';
import { revive, withoutCitizen } from './revival.ts';
import type { Runner } from './runner.ts';
import type { Snapshot, Snapshots } from './snapshots.ts';
import type { Switchboard } from './switchboard.ts';
import { playbackNames } from './table.ts';

export interface ReconcileDeps {
  telephony: Telephony;
  routing: Routing;
  snapshots: Snapshots;
  switchboard: Switchboard;
  settings: Settings;
  clock: Clock;
  log: Log;
  areaCode: string;
  asteriskId: () => string;
  /** When this Asterisk was started, by its own clock; milliseconds since the epoch. */
  startedAt: number;
  /** Channels whose entering has been told and waits to be handled. */
  entering: () => ReadonlySet<string>;
}

/**
 * After every (re)connection: compares what Asterisk says is there with what is known here and in the snapshots, and
 * brings both together. Events of the time in between are gone for ever; this is what stands in for them.
 */
export async function reconcile(deps: ReconcileDeps): Promise<void> {
  const { telephony, snapshots, switchboard, log } = deps;
  // Before the look: what begins meanwhile is not missing from it.
  const ours = [...switchboard.live().values()].map((runner) => ({ runner, call: runner.call() }));
  const found = await look(deps);
  const known = new Set(ours.map(({ call }) => call.id));
  for (const { runner, call } of ours) missedEvents(runner, call, found);
  await Promise.all(ours.map(({ runner, call }) => missedSilence(runner, call, found, telephony)));

  const { kept, refused } = await snapshots.all();
  const orphans = kept.filter(({ call }) => !known.has(call.id));
  await Promise.all(orphans.map((orphan) => takeUp(orphan, found, deps)));

  const strangers = await takeStrangers(found, deps);
  const lost = refused.filter(({ callId }) => !switchboard.live().has(callId) && !strangers.has(callId));
  for (const { callId, format } of refused) log.warn({ callId, format }, 'snapshot.refused');
  for (const { callId } of lost) await writeOff(callId, deps);
  for (const { id, applicationData } of found.channels)
    if (isHandover(applicationData) && !deps.entering().has(id)) await telephony.hangup(id);
  // Calls that end by what was found here must be over before anything is taken for an orphan.
  await switchboard.settle();
  await sweep(deps, found);
  const { channels } = found;
  log.info(
    { channels: channels.length, live: ours.length, takenUp: orphans.length, strangers: strangers.size },
    'calls.reconciled',
  );
}

/** What the exchange and routing say at this moment. */
interface Found extends Exchange {
  channels: readonly ChannelSnapshot[];
  bridges: readonly BridgeSnapshot[];
  /** Offers for which an expert is reserved. */
  reserved: ReadonlySet<string>;
}

async function look({ telephony, routing, startedAt }: ReconcileDeps): Promise<Found> {
  const [channels, bridges, reservations] = await Promise.all([
    telephony.channels(),
    telephony.bridges(),
    routing.reservations(),
  ]);
  const byId = new Map(channels.map((channel) => [channel.id, channel]));
  return {
    startedAt,
    channels,
    bridges,
    byId,
    reserved: new Set(reservations.map(({ offerId }) => offerId)),
  };
}

/** A hand-over whose application died in the middle: its rows are still kept, and a new one is started. */
const isHandover = (applicationData: string): boolean => applicationData.split(',')[1] === 'missed';

/** A citizen we have called who is with the exchange's message service: it tells how the call ends. */
const leavesWord = ({ application, variables }: ChannelSnapshot): boolean =>
  application !== 'Stasis' && (variables['CLINIC_CALL_ID'] ?? '') === '';

/**
 * Words ended and nobody heard of it, or what was to sound, or to be hung up, could not be asked for: without this the
 * citizen would be left in silence.
 */
async function missedSilence(
  runner: Runner,
  call: Call,
  { byId }: Found,
  telephony: Telephony,
): Promise<void> {
  const { state, playing, survey, visit, channelId } = call;
  if (call.citizenGone || !byId.has(channelId) || isAway(call, byId)) return;
  if (playing !== null) {
    if (!(await telephony.isPlaying(playing)))
      runner.post({ type: 'playback-finished', playbackId: playing, unheard: true });
  } else if (state === 'waiting' || state === 'position' || state === 'ringing') {
    await telephony.startMusic(channelId);
  } else if ((state === 'leaving' || state === 'wrap-up') && survey === null) {
    // In the survey's silence a key is waited for, by a timer of its own.
    runner.post({ type: 'timer', name: 'last-words', visit });
  }
}

async function takeUp({ call, effects }: Snapshot, found: Found, deps: ReconcileDeps): Promise<void> {
  const { telephony, routing, switchboard, settings, clock, log } = deps;
  const offerId = call.talk?.offerId ?? call.offer?.offerId ?? '';
  // Nobody rings an expert before the citizen has said that they want to talk.
  const isKept = call.state === 'dialling' || call.state === 'inviting';
  const legAlive =
    (isKept || found.byId.has(expertChannel(offerId))) &&
    (call.state === 'talking' || found.reserved.has(offerId));
  const citizenHere = found.byId.has(call.channelId);
  const goesOn =
    call.state === 'due' || (citizenHere && (call.state === 'dialling' || !isAway(call, found.byId)));
  const step = goesOn
    ? revive(call, legAlive, settings, clock.now())
    : withoutCitizen(call, settings, clock.now());
  // First what the lost process may not have come to do any more.
  const runner = switchboard.take({ call: step.call, effects: [...effects, ...step.effects] });
  log.info({ callId: call.id, state: call.state, citizenHere }, 'call.taken-up');
  // Dialled by the process that is gone, which had not come to save it: it is dialled anew when its turn comes.
  if (citizenHere && call.state === 'due') await telephony.hangup(call.channelId);
  else if (citizenHere) await telephony.watchChannel(call.channelId);
  missedEvents(runner, step.call, found);
  if (call.state !== 'wrap-up' || call.talk === null) return;
  const expert = await routing.expert(call.talk.expertId);
  const stillWrapsUp = expert?.activity === 'wrap-up' && expert.callId === call.id;
  if (!stillWrapsUp) runner.post({ type: 'wrap-up-ended', expertId: call.talk.expertId });
}

/**
 * Citizens in our hands of whom no snapshot tells. Whose channel carries a place is taken up where the call stood; the
 * others enter afresh: a call begins, and the row is written.
 * @returns the calls' ids
 */
async function takeStrangers(found: Found, deps: ReconcileDeps): Promise<Set<string>> {
  const { telephony, switchboard, settings, clock, log } = deps;
  const citizens = new Set([...switchboard.live().values()].map((runner) => runner.call().channelId));
  const taken = new Set<string>();
  for (const channel of found.channels) {
    const args = channel.applicationData.split(',').slice(1);
    const isCitizen = args[0] === 'citizen' || args[0] === 'callback';
    if (!isCitizen || citizens.has(channel.id) || deps.entering().has(channel.id)) continue;
    const now = clock.now();
    const arrival = arrivalOf(channel, args, now, { ...deps, asteriskId: deps.asteriskId() });
    taken.add(arrival.id);
    // Words of the process that is gone, of which nobody knows which they are: see revive.
    await Promise.all(playbackNames(arrival.id).map((name) => telephony.stopPlayback(name)));
    const call = rebuild(channel, arrival, found, now);
    if (call === null) {
      // Whom we called and who has not said yet that they want to talk: the promise stands, and they are called again.
      if (args[0] === 'callback') await telephony.hangup(channel.id);
      else await telephony.takeOver(channel.id, args);
      continue;
    }
    switchboard.take(revive(call, true, settings, now));
    log.warn({ callId: call.id, state: call.state }, 'call.rebuilt');
    await telephony.watchChannel(channel.id);
  }
  return taken;
}

/** A call whose snapshot cannot be read and whose citizen has gone. */
async function writeOff(callId: string, deps: ReconcileDeps): Promise<void> {
  const { routing, switchboard, settings, clock } = deps;
  const experts = await routing.experts();
  const expert = experts.find((one) => one.activity === 'wrap-up' && one.callId === callId);
  switchboard.take(remains(callId, expert?.expertId ?? null, settings, clock.now()));
}

/** Experts' legs and bridges that belong to no live call are ended, places and reservations given back. */
async function sweep(deps: ReconcileDeps, found: Found): Promise<void> {
  const { telephony, routing, switchboard } = deps;
  const belongs = (offerId: string) =>
    [...switchboard.live().values()].some((runner) => {
      const { state, offer, talk } = runner.call();
      // A talk that is over is still told of in wrap-up.
      return offer?.offerId === offerId || (state === 'talking' && talk?.offerId === offerId);
    });
  const citizens = new Set([...switchboard.live().values()].map((runner) => runner.call().channelId));
  for (const channel of found.channels) {
    const { id } = channel;
    if (isCallbackChannel(id) && !citizens.has(id) && !leavesWord(channel)) await telephony.hangup(id);
    const offerId = offerOf(id);
    if (offerId !== null && !belongs(offerId)) await telephony.hangup(id);
  }
  for (const { id } of await telephony.bridges()) {
    const offerId = offerOfBridge(id);
    if (offerId !== null && !belongs(offerId)) await telephony.destroyBridge(id);
  }
  for (const { callId } of [...(await routing.waiting()), ...(await routing.reservations())])
    if (!switchboard.live().has(callId)) await giveBack(routing, callId);
}

/** Whatever Redis holds for a call that is no more. */
export async function giveBack(routing: Routing, callId: string): Promise<void> {
  await routing.leave(callId);
  await routing.release(callId, 0);
}
