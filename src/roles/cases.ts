import { askedAgain } from '../callbacks/scheduling.ts';
import { createCases, type Cases } from '../cases/service.ts';
import type { Hours } from '../hours/service.ts';
import type { ImportedSounds } from '../recordings/service.ts';
import { dialledBy } from './callbacks.ts';
import type { Shared } from './role.ts';

const HOUR_SECONDS = 3600;

/** The room of cases as a role uses it. */
export function casesOf({ config, pool, clock, log }: Shared, hours: Hours, sounds: ImportedSounds): Cases {
  const targets = {
    seconds: {
      acknowledge: config.CASE_ACKNOWLEDGE_HOURS * HOUR_SECONDS,
      answer: config.CASE_ANSWER_HOURS * HOUR_SECONDS,
      resolve: config.CASE_RESOLVE_HOURS * HOUR_SECONDS,
    },
    alarmShare: config.CASE_ESCALATE_PERCENT / 100,
  };
  return createCases({
    ...{ pool, clock, log, hours, targets, areaCode: config.CLINIC_AREA_CODE },
    ...{ zone: config.CLINIC_TIMEZONE, sounds },
    onAskedAgain: askedAgain({ clock, hours, ...dialledBy(config) }),
  });
}
