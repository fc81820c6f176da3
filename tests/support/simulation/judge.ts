import type { LedgerEntry } from '../../../src/calls/ledger.ts';
import { callIdOf, isOfEarlierStart } from '../../../src/calls/identity.ts';
import { broken } from '../routing.ts';
import type { Citizen } from './witness.ts';
import type { World } from './world.ts';

/** Longest way of a snapshot to Redis. */
const BESIDE_MS = 10;
/** A leg may be lost in the moment it is joined; where the exchange's answer was lost, before it is asked again (2 s). */
const JUST_JOINED_MS = 2500;
/** Between hanging up and the word of it. */
const LEFT_AT_ONCE_MS = 150;

/** Whether what was written down is what the exchange saw, and whether anything is left over. Empty: all holds. */
export function judge(world: World): string[] {
  const { witness, stores } = world;
  return [
    ...witness.wrong(),
    ...leftOver(world),
    ...stores.contradictions.map((one) => `written twice: ${one}`),
    ...witness.citizens().flatMap((citizen) => story(world, citizen)),
  ];
}

/** Citizens who wait or talk since before this moment and of whom Redis knows nothing. */
export function unknown(
  { witness, exchange, stores }: Pick<World, 'witness' | 'exchange' | 'stores'>,
  since: number,
): string[] {
  const { model } = stores;
  const waiting = new Set(model.waiting().map(({ callId }) => callId));
  const talking = new Set(
    model.reservations().flatMap((one) => (one.activity === 'talking' ? [one.callId] : [])),
  );
  const callOf = (channelId: string) => callIdOf('clinic', channelId);
  return [
    ...exchange
      .places()
      .filter(
        ({ id, queuedAt, freeSince }) => Math.max(queuedAt, freeSince) < since && !waiting.has(callOf(id)),
      )
      .map(({ id }) => `${id} waits and is unknown`),
    ...witness
      .talks()
      .filter(({ citizen, from, to }) => to === null && from < since && !talking.has(callOf(citizen)))
      .map(({ citizen }) => `${citizen} talks and is unknown`),
  ];
}

function leftOver({ exchange, stores, calls }: World): string[] {
  const { model, snapshots } = stores;
  const picture = { experts: model.experts(), waiting: model.waiting(), reservations: model.reservations() };
  return [
    ...exchange.standing().map((id) => `${id} is still there`),
    ...broken(picture),
    ...picture.waiting.map(({ callId }) => `${callId} still waits`),
    ...picture.reservations.map(({ callId, expertId }) => `${expertId} is still bound to ${callId}`),
    ...[...snapshots.keys()].map((callId) => `the snapshot of ${callId} is still there`),
    ...[...(calls?.liveCount() ?? [])].map(([state, count]) => `${count} calls are still ${state}`),
  ];
}

function story({ witness, stores }: World, citizen: Citizen): string[] {
  const callId = callIdOf('clinic', citizen.id);
  const entries = [...(stores.ledger.get(callId)?.values() ?? [])].toSorted((a, b) => a.seq - b.seq);
  const of = <K extends LedgerEntry['kind']>(kind: K) =>
    entries.filter((entry): entry is Extract<LedgerEntry, { kind: K }> => entry.kind === kind);
  const wrong: string[] = [];
  const say = (what: string) => wrong.push(`${citizen.id}: ${what}`);

  // Who left before the application had said so is written down by the dialplan.
  const ours = citizen.callId !== null && citizen.callId !== '';
  if (ours && of('call.entered').length !== 1) say(`entered ${of('call.entered').length} times`);
  if (ours && !citizen.kept && of('call.ended').length !== 1) say(`ended ${of('call.ended').length} times`);
  if (of('call.ended').length > 1) say('ended twice');

  // Nobody has hung up; only who had been served already, or turned away, was not cut off.
  const [end] = of('call.ended');
  const served = end?.data.ending === 'answered' && of('segment.ended').at(-1)?.data.by !== 'fault';
  const turnedAway = end?.data.ending === 'closed' && of('hours.checked').at(-1)?.data.open === false;
  const known = served || turnedAway;
  if (citizen.lostAt !== null && end !== undefined && end.data.ending !== 'failed' && !known)
    if (end.data.ending !== 'callback' && isOfEarlierStart(citizen.id, citizen.lostAt))
      say(`was lost and is said to be ${end.data.ending}`);

  const once = (facts: { data: { offerId: string } }[], name: string) => {
    const ids = facts.map(({ data }) => data.offerId);
    for (const id of new Set(ids))
      if (ids.filter((one) => one === id).length > 1) say(`${id} was ${name} twice`);
    return new Set(ids);
  };
  const made = once(of('offer.made'), 'made');
  const ended = once(of('offer.ended'), 'ended');
  const answered = once(of('call.answered'), 'answered');
  for (const id of made) if (!ended.has(id)) say(`${id} never ended`);
  // A ring is not held up until it is written: it goes beside.
  for (const { leg, citizen: rungFor, at } of witness.rings())
    if (rungFor === citizen.id && !made.has(leg.slice('exp-'.length)) && !witness.wasAway(at, BESIDE_MS))
      say(`${leg} was rung and never written`);

  const talks = witness.talks().filter((talk) => talk.citizen === citizen.id);
  // Of a talk that was over before anybody was there again nothing is left but the exchange's own record.
  for (const { bridge, from, to } of talks)
    if (!answered.has(bridge.slice('talk-'.length)) && (to === null || !witness.wasAway(to)))
      if ((to ?? Infinity) - from > JUST_JOINED_MS)
        say(`talked in ${bridge} for ${(to ?? Infinity) - from} ms, which is not written`);
  if (of('segment.ended').length !== answered.size)
    say(`${answered.size} talks and ${of('segment.ended').length} ends of one`);
  // Who leaves between the two joins was in the bridge, alone.
  const atOnce = new Set(
    of('segment.ended')
      .filter(wasAtOnce)
      .map(({ data }) => data.startedAt),
  );
  for (const { data } of of('call.answered'))
    if (!talks.some(({ bridge }) => bridge === `talk-${data.offerId}`) && !atOnce.has(data.answeredAt))
      say(`${data.offerId} is said to have been a talk`);
  return wrong;
}

const wasAtOnce = ({ data }: { data: { startedAt: string; endedAt: string } }): boolean =>
  Date.parse(data.endedAt) - Date.parse(data.startedAt) < LEFT_AT_ONCE_MS;
