import { within } from '../platform/within.ts';
import type { Effect } from './call.ts';
import { about, type Do, type Doing, type EffectDeps } from './ports.ts';

/** A call's entries on their way into the ledger and the log. */

/** How long the first entry may take to become durable before the citizen hears anything. */
const FIRST_ENTRY_PATIENCE_MS = 1000;

export function createEntryEffects({ telephony, ledger, clock, log }: EffectDeps): Doing<'record'> {
  const record: Do<'record'> = async (call, { entry }) => {
    log.info({ ...about(call), ...brief(entry) }, entry.kind);
    const durable = ledger.append({ ...entry, callId: call.id, at: new Date(clock.now()).toISOString() });
    // The dialplan keeps a call of which we have not said by this variable that it is written down.
    const told = durable.then(() =>
      entry.kind === 'call.entered' && call.state !== 'due'
        ? telephony.setVariables(call.channelId, { CLINIC_CALL_ID: call.id })
        : undefined,
    );
    told.catch((error: unknown) =>
      log.error({ err: error, ...about(call), kind: entry.kind }, 'entry.delayed'),
    );
    if (entry.kind === 'call.entered') await within(durable, FIRST_ENTRY_PATIENCE_MS);
  };

  return { record };
}

/** The part of an entry that belongs in a log line: no number of a citizen stands in it. */
function brief(entry: Extract<Effect, { do: 'record' }>['entry']): Record<string, unknown> {
  const data: Record<string, unknown> = { ...entry.data };
  for (const name of ['callerReceived', 'caller', 'number', 'note', 'why']) delete data[name];
  return { seq: entry.seq, actor: entry.actor, ...data };
}
