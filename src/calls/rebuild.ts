import type { BridgeSnapshot, ChannelSnapshot } from '../asterisk/telephony.ts';
import type { Call, Settings } from './call.ts';
import type { Arrival, Step } from './machine.ts';
import { close } from './reception.ts';
import { revive } from './revival.ts';
import { effect, type Draft } from './table.ts';

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
  menuMisses: 0,
  digit: null,
  playing: null,
  // Above any playback the lost process can have started: their names must not be used twice.
  plays: seqAfter(known.enteredAt, now),
  joined: false,
  joinFailures: 0,
  offer: null,
  attempts: 0,
  talk: null,
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
  const { CLINIC_SPECIALTY, CLINIC_QUEUED_AT, CLINIC_ANSWERED_AT } = channel.variables;
  const queuedAt = time(CLINIC_QUEUED_AT);
  if (queuedAt === null || CLINIC_SPECIALTY === undefined || CLINIC_SPECIALTY === '') return null;
  // The place is written on the channel after it was written into the ledger.
  const call = { ...blank(arrival, now), specialty: CLINIC_SPECIALTY, queuedAt, joined: true };
  const talk = talkOf(channel.id, exchange);
  if (talk === null) return { ...call, state: 'waiting' };
  return { ...call, state: 'talking', talk: { ...talk, startedAt: time(CLINIC_ANSWERED_AT) ?? now } };
}

const BRIDGE = 'talk-';
const LEG = 'exp-';

function talkOf(
  channelId: string,
  { channels, bridges }: { channels: readonly ChannelSnapshot[]; bridges: readonly BridgeSnapshot[] },
): { offerId: string; expertId: string } | null {
  const bridge = bridges.find(
    ({ id, channelIds }) => id.startsWith(BRIDGE) && channelIds.includes(channelId),
  );
  const offerId = bridge?.id.slice(BRIDGE.length);
  const leg = channels.find(({ id }) => id === `${LEG}${offerId}`);
  // `PJSIP/e001-00000012`
  const expertId = /^PJSIP\/(.+)-[^-]+$/.exec(leg?.name ?? '')?.[1];
  if (offerId === undefined || expertId === undefined) return null;
  return bridge?.channelIds.includes(`${LEG}${offerId}`) === true ? { offerId, expertId } : null;
}

function time(value: string | undefined): number | null {
  return /^[0-9]{12,14}$/.test(value ?? '') ? Number(value) : null;
}

/**
 * A call of which nothing is left but its id: the citizen has gone. Where an expert still wraps it up it waits for that,
 * otherwise it is written down as over; a row that has its end already keeps it.
 */
export function remains(callId: string, expertId: string | null, settings: Settings, now: number): Step {
  const known = blank({ id: callId, channelId: '', enteredAt: timeOf(callId), caller: null }, now);
  const ended = { ...known, ending: 'answered', citizenGone: true } as const;
  if (expertId !== null)
    return revive(
      { ...ended, state: 'wrap-up', talk: { offerId: '', expertId, startedAt: now } },
      false,
      settings,
      now,
    );
  const draft: Draft = { call: { ...known, state: 'waiting' }, effects: [], settings, now };
  effect(draft, { do: 'leave-queue' });
  effect(draft, { do: 'release', wrapUpSeconds: 0 });
  close(draft, 'failed', null, 'snapshot-refused');
  return { call: draft.call, effects: draft.effects };
}

/** The first 48 bits of a UUIDv7 are its time; a call's is that of its channel (see identity.ts). */
const timeOf = (callId: string): number => Number.parseInt(callId.replaceAll('-', '').slice(0, 12), 16);
