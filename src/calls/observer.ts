import type { Log } from '../log.ts';
import type { Call } from './call.ts';
import type { Ledger, LedgerFact } from './ledger.ts';
import type { Perform } from './runner.ts';

/**
 * Told of every fact as it is written down: the one place at which figures are taken, so that the rooms themselves count
 * nothing. call: as it stands after the step; null for a call that the exchange had kept for us.
 */
export type CallObserver = (fact: LedgerFact, callId: string, call: Call | null) => void;

/** A figure that cannot be taken costs nobody a call. */
export function carefully(observe: CallObserver, log: Log): CallObserver {
  return (fact, callId, call) => {
    try {
      observe(fact, callId, call);
    } catch (error) {
      log.error({ err: error, callId, kind: fact.kind }, 'figure.lost');
    }
  };
}

export function observedPerform(perform: Perform, observe: CallObserver): Perform {
  return (call, effect, reply) => {
    if (effect.do === 'record') observe(effect.entry, call.id, call);
    return perform(call, effect, reply);
  };
}

/** For kept calls, which are written without a live one. */
export function observedLedger(ledger: Ledger, observe: CallObserver): Ledger {
  return {
    append: (entry) => {
      observe(entry, entry.callId, null);
      return ledger.append(entry);
    },
  };
}
