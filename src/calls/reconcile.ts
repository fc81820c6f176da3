import type { Telephony } from '../asterisk/telephony.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Routing } from '../routing/routing.ts';
import type { Call, Settings } from './call.ts';
import { expertChannel } from './effects.ts';
import { revive } from './revival.ts';
import type { Snapshot, Snapshots } from './snapshots.ts';
import { offerOf, type Switchboard } from './switchboard.ts';

export interface ReconcileDeps {
  telephony: Telephony;
  routing: Routing;
  snapshots: Snapshots;
  switchboard: Switchboard;
  settings: Settings;
  clock: Clock;
  log: Log;
  /** Channels whose entering has been told and waits to be handled. */
  entering: () => ReadonlySet<string>;
}

/**
 * After every (re)connection: compares what Asterisk says is there with what is known here and in the snapshots, and
 * brings both together. Events of the time in between are gone for ever; this is what stands in for them.
 */
export async function reconcile(deps: ReconcileDeps): Promise<void> {
  const { telephony, snapshots, switchboard, log } = deps;
  const channels = await telephony.channels();
  const present = new Set(channels.map((channel) => channel.id));
  const ours = [...switchboard.live().values()];
  const known = new Set(ours.map((runner) => runner.call().id));
  for (const runner of ours) missedEvents(runner.call(), present, (event) => runner.post(event));

  const orphans = (await snapshots.all()).filter(({ call }) => !known.has(call.id));
  for (const orphan of orphans) await takeUp(orphan, present, deps);

  const citizens = new Set([...switchboard.live().values()].map((runner) => runner.call().channelId));
  const entering = deps.entering();
  const strangers = channels.filter(
    ({ id, applicationData }) => isCitizen(applicationData) && !citizens.has(id) && !entering.has(id),
  );
  // A citizen nobody knows of: entering afresh begins a call, and the row is written.
  for (const channel of strangers)
    await telephony.takeOver(channel.id, channel.applicationData.split(',').slice(1));
  for (const { id, applicationData } of channels)
    if (isHandover(applicationData) && !entering.has(id)) await telephony.hangup(id);
  // Calls that end by what was found here must be over before anything is taken for an orphan.
  await switchboard.settle();
  await sweep(deps, [...present]);
  log.info(
    { channels: channels.length, live: ours.length, takenUp: orphans.length, strangers: strangers.length },
    'calls.reconciled',
  );
}

const isCitizen = (applicationData: string): boolean => applicationData.split(',')[1] === 'citizen';
/** A hand-over whose application died in the middle: its rows are still kept, and a new one is started. */
const isHandover = (applicationData: string): boolean => applicationData.split(',')[1] === 'missed';

function missedEvents(call: Call, present: ReadonlySet<string>, post: (event: Missed) => void): void {
  const offerId = call.talk?.offerId ?? call.offer?.offerId;
  if (offerId !== undefined && call.state === 'ringing' && !present.has(expertChannel(offerId)))
    post({ type: 'expert-failed', offerId, reason: 'lost' });
  if (offerId !== undefined && call.state === 'talking' && !present.has(expertChannel(offerId)))
    post({ type: 'expert-gone', offerId, cause: null });
  if (!call.citizenGone && !present.has(call.channelId)) post({ type: 'citizen-gone', cause: null });
}
type Missed =
  | { type: 'expert-failed'; offerId: string; reason: 'lost' }
  | { type: 'expert-gone'; offerId: string; cause: null }
  | { type: 'citizen-gone'; cause: null };

async function takeUp(
  { call, effects }: Snapshot,
  present: ReadonlySet<string>,
  deps: ReconcileDeps,
): Promise<void> {
  const { telephony, routing, switchboard, settings, clock, log } = deps;
  const legAlive = call.talk !== null && present.has(expertChannel(call.talk.offerId));
  const citizenHere = present.has(call.channelId);
  // Nothing is played to and nobody is rung for a citizen who has gone; the snapshot is closed as it stands.
  const step = citizenHere ? revive(call, legAlive, settings, clock.now()) : { call, effects: [] };
  // First what the lost process may not have come to do any more.
  const runner = switchboard.take({ call: step.call, effects: [...effects, ...step.effects] });
  log.info({ callId: call.id, state: call.state, citizenHere }, 'call.taken-up');
  if (citizenHere) await telephony.watchChannel(call.channelId);
  missedEvents(call, present, (event) => runner.post(event));
  if (call.state !== 'wrap-up' || call.talk === null) return;
  const expert = await routing.expert(call.talk.expertId);
  const stillWrapsUp = expert?.activity === 'wrap-up' && expert.callId === call.id;
  if (!stillWrapsUp) runner.post({ type: 'wrap-up-ended', expertId: call.talk.expertId });
}

/** Experts' legs and bridges that belong to no live call are ended, places and reservations given back. */
async function sweep(deps: ReconcileDeps, channelIds: readonly string[]): Promise<void> {
  const { telephony, routing, switchboard } = deps;
  const belongs = (offerId: string) =>
    [...switchboard.live().values()].some((runner) => {
      const { offer, talk } = runner.call();
      return offer?.offerId === offerId || talk?.offerId === offerId;
    });
  for (const id of channelIds) {
    const offerId = offerOf(id);
    if (offerId !== null && !belongs(offerId)) await telephony.hangup(id);
  }
  for (const { id } of await telephony.bridges())
    if (id.startsWith('talk-') && !belongs(id.slice('talk-'.length))) await telephony.destroyBridge(id);
  for (const { callId } of [...(await routing.waiting()), ...(await routing.reservations())])
    if (!switchboard.live().has(callId)) await giveBack(routing, callId);
}

/** Whatever Redis holds for a call that is no more. */
export async function giveBack(routing: Routing, callId: string): Promise<void> {
  await routing.leave(callId);
  await routing.release(callId, 0);
}
