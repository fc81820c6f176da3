import type { BridgeSnapshot, ChannelSnapshot } from '../asterisk/telephony.ts';
import type { Call, Settings } from './call.ts';
import type { Arrival, Step } from './machine.ts';
import { close } from './endings.ts';
import { expertChannel, offerOfBridge } from './identity.ts';
import { revive } from './revival.ts';
import { effect, iso, record, type Draft } from './table.ts';

/**
 * Calls made anew without their snapshot, from what Asterisk itself still carries: the variables on the citizen's channel
 * and who is joined to whom. For snapshots of another version and for a Redis that was emptied. Pure.
 */

/** Far above what an earlier process can have written: nobody steps a call a thousand times a second. */
export const seqAfter = (enteredAt: number, now: number): number =>
  1000 * (1 + Math.max(0, Math.round((now - enteredAt) / 1000)));

const blank = (known: Pick<Call, 'id' | 'channelId' | 'enteredAt' | 'caller'>, now: number) => ({
  id: known.id,
  channelId: known.channelId,
  enteredAt: known.enteredAt,
  caller: known.caller,
  visit: 1,
  seq: seqAfter(known.enteredAt, now),
  specialty: null,
  queuedAt: null,
  score: null,
  menuMisses: 0,
  digit: null,
  playing: null,
  plays: 0,
  joined: false,
  joinFailures: 0,
  offer: null,
  attempts: 0,
  talk: null,
  window: null,
  listening: null,
  survey: null,
  closed: null,
  callback: null,
  ending: null,
  citizenGone: false,
});

/**
 * The citizen's call where it stood: in a talk, or in the queue with the place kept.
 * @returns null where the channel carries no place: a citizen who had not chosen yet begins anew.
 */
export function rebuild(
  channel: ChannelSnapshot,
  arrival: Arrival,
  exchange: { channels: readonly ChannelSnapshot[]; bridges: readonly BridgeSnapshot[] },
  now: number,
): Call | null {
  const { CLINIC_SPECIALTY, CLINIC_QUEUED_AT, CLINIC_SCORE, CLINIC_ANSWERED_AT } = channel.variables;
  const queuedAt = time(CLINIC_QUEUED_AT);
  if (queuedAt === null || CLINIC_SPECIALTY === undefined || CLINIC_SPECIALTY === '') return null;
  // The place is written on the channel after it was written into the ledger.
  const place = { specialty: CLINIC_SPECIALTY, queuedAt, score: time(CLINIC_SCORE), joined: true };
  const call = { ...blank(arrival, now), ...place };
  const talk = talkOf(channel.id, exchange);
  if (talk === null) return { ...call, state: 'waiting' };
  return { ...call, state: 'talking', talk: { ...talk, startedAt: time(CLINIC_ANSWERED_AT) ?? now } };
}

function talkOf(
  channelId: string,
  { channels, bridges }: { channels: readonly ChannelSnapshot[]; bridges: readonly BridgeSnapshot[] },
): { offerId: string; expertId: string } | null {
  const bridge = bridges.find(
    ({ id, channelIds }) => offerOfBridge(id) !== null && channelIds.includes(channelId),
  );
  const offerId = offerOfBridge(bridge?.id ?? '');
  if (bridge === undefined || offerId === null) return null;
  const legId = expertChannel(offerId);
  const leg = channels.find(({ id }) => id === legId);
  // `PJSIP/e001-00000012`
  const expertId = /^PJSIP\/(.+)-[^-]+$/.exec(leg?.name ?? '')?.[1];
  return expertId !== undefined && bridge.channelIds.includes(legId) ? { offerId, expertId } : null;
}

function time(value: string | undefined): number | null {
  return /^[0-9]{12,14}$/.test(value ?? '') ? Number(value) : null;
}

/**
 * A call of which nothing is left but its id: the citizen has gone. Where an expert still wraps it up it waits for that,
 * otherwise it is written down as over. Its end may not have been written yet; one that has been stands.
 */
export function remains(callId: string, expertId: string | null, settings: Settings, now: number): Step {
  const known = blank({ id: callId, channelId: '', enteredAt: timeOf(callId), caller: null }, now);
  if (expertId !== null) return wrapsUp(known, expertId, settings, now);
  const draft: Draft = { call: { ...known, state: 'waiting' }, effects: [], settings, now };
  effect(draft, { do: 'leave-queue' });
  effect(draft, { do: 'release', wrapUpSeconds: 0 });
  close(draft, 'failed', null, 'snapshot-refused');
  return { call: draft.call, effects: draft.effects };
}

function wrapsUp(known: ReturnType<typeof blank>, expertId: string, settings: Settings, now: number): Step {
  const talk = { offerId: '', expertId, startedAt: now };
  const call: Call = { ...known, state: 'wrap-up', talk, ending: 'answered', citizenGone: true };
  const draft: Draft = { call, effects: [], settings, now };
  record(draft, {
    kind: 'call.ended',
    data: { ending: 'answered', endedAt: iso(now), state: 'wrap-up', cause: null, note: 'snapshot-refused' },
  });
  const { call: revived, effects } = revive(draft.call, false, settings, now);
  return { call: revived, effects: [...draft.effects, ...effects] };
}

/** The first 48 bits of a UUIDv7 are its time; a call's is that of its channel (see identity.ts). */
const timeOf = (callId: string): number => Number.parseInt(callId.replaceAll('-', '').slice(0, 12), 16);
