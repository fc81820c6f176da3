import { createCallbackDesk, type CallbackDesk } from '../callbacks/desk.ts';
import { tellGivenUp } from '../callbacks/farewell.ts';
import { policyOf } from '../callbacks/rules.ts';
import { createCallbacks, type Callbacks } from '../callbacks/service.ts';
import type { Cases } from '../cases/service.ts';
import type { Config } from '../config.ts';
import type { Hours } from '../hours/service.ts';
import type { Shared } from './role.ts';

const MINUTE_SECONDS = 60;

/** By which trunk, which numbers, and where for who has not chosen. */
export const dialledBy = (config: Config) => ({
  trunk: config.CALLBACK_TRUNK,
  destinations: config.CALLBACK_DESTINATIONS,
  defaultSpecialty: config.DEFAULT_SPECIALTY,
});

/** The room of callbacks as a role uses it. */
export function callbacksOf({ config, pool, clock, log }: Shared, hours: Hours, cases: Cases): Callbacks {
  return createCallbacks({
    ...{ pool, clock, log, hours, cases },
    policy: policyOf(config),
    ...dialledBy(config),
    areaCode: config.CLINIC_AREA_CODE,
    callsAbandoned: config.CALLBACK_ABANDONED,
    cutOffAfterSeconds: config.CALLBACK_ABANDONED_MINUTES * MINUTE_SECONDS,
    onGivenUp: tellGivenUp,
  });
}

export function callbackDeskOf({ config, pool, clock }: Shared, hours: Hours, cases: Cases): CallbackDesk {
  return createCallbackDesk({
    ...{ pool, clock, hours, cases },
    ...dialledBy(config),
  });
}
