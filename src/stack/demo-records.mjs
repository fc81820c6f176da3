/** Every citizen of the demo accounted for: one record for each call, with an ending. */
import { setTimeout as pause } from 'node:timers/promises';

const COMPLETE_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 500;

/**
 * @typedef {import('./demo-callers.mjs').Caller} Caller
 * @typedef {Record<string, any> & { id: string, ending: string | null, state: string }} CallRecord as the HTTP interface gives it
 * @typedef {{ caller: Caller, rows: CallRecord[] }} Account
 */

/**
 * The calls' records, once all of them are complete; after a minute as they are.
 * @param {import('./api-client.mjs').Api} api
 * @param {readonly Caller[]} callers
 * @param {Date} since before the first call
 * @param {AbortSignal} signal
 * @returns {Promise<Account[]>}
 */
export async function accountFor(api, callers, since, signal) {
  const sipCallIds = new Map();
  for (
    const end = performance.now() + COMPLETE_WITHIN_MS;
    ;
    await pause(LOOK_EVERY_MS, undefined, { signal })
  ) {
    const records = await api.all('/calls', { from: since.toISOString() });
    for (const { id } of records) if (!sipCallIds.has(id)) sipCallIds.set(id, await sipCallIdOf(api, id));
    const accounts = callers.map((caller) => ({
      caller,
      rows: records.filter(({ id }) => sipCallIds.get(id) === caller.callId),
    }));
    if (accounts.every(isComplete) || performance.now() > end) return accounts;
  }
}

/** By the citizen's own SIP Call-ID, which the call's first entry keeps. */
async function sipCallIdOf(api, id) {
  const { entries } = await api.get(`/calls/${id}/why`);
  return entries.find(({ kind }) => kind === 'call.entered')?.data.sipCallId ?? null;
}

/** @param {Account} account */
export const isAccounted = ({ rows }) => rows.length === 1 && rows[0]?.ending !== null;

const isComplete = (account) => isAccounted(account) && account.rows[0]?.state === 'ended';

/** @param {Account} account @returns {string} one line for a person */
export function describeAccount({ caller, rows }) {
  if (rows.length !== 1)
    return `call ${caller.number}  ${rows.length === 0 ? 'has no record' : `has ${rows.length} records`}`;
  const [row] = rows;
  const { id, caller: from, callerReason, specialty, ending, expertId, waitSeconds, talkSeconds } = row;
  const { outcome, surveyScore } = row;
  const facts = [
    ending ?? 'without an ending',
    from ?? callerReason ?? 'no number',
    specialty ?? 'no specialty',
    ...(waitSeconds === null ? [] : [`waited ${waitSeconds.toFixed(1)} s`]),
    ...(expertId === null
      ? []
      : [
          `talked to ${expertId} for ${(talkSeconds ?? 0).toFixed(1)} s, heard for ${caller.heardSeconds.toFixed(1)} s`,
        ]),
    ...(outcome === null ? [] : [`outcome ${outcome.code}`]),
    ...(surveyScore === null ? [] : [`mark ${surveyScore}`]),
  ];
  return `call ${caller.number}  ${facts.join(' · ')}  ${id}`;
}

/** @param {readonly Account[]} accounts @returns {{ calls: number, answered: number, records: CallRecord[] }} */
export function summary(accounts) {
  const records = accounts.flatMap(({ rows }) => rows);
  return {
    calls: accounts.length,
    answered: records.filter(({ ending }) => ending === 'answered').length,
    records,
  };
}
