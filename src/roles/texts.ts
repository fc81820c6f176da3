import { createKavenegar } from '../sms/kavenegar.ts';
import { tableDriver } from '../sms/driver.ts';
import { startTexts, type Texts } from '../sms/jobs.ts';
import type { Shared } from './role.ts';
import { measureTexts } from './text-figures.ts';

/** The room of texts as a role uses it. */
export function textsOf({ config, pool, clock, log, registry }: Shared): Texts {
  const driver =
    config.SMS_DRIVER === 'table'
      ? tableDriver
      : createKavenegar({
          ...{ url: config.SMS_KAVENEGAR_URL, key: config.SMS_KAVENEGAR_KEY, sender: config.SMS_SENDER },
        });
  return startTexts({
    ...{ pool, clock, log, driver, redisUrl: config.REDIS_URL, lineNumber: config.CLINIC_NUMBER },
    quiet: {
      ...{
        zone: config.CLINIC_TIMEZONE,
        from: config.SMS_QUIET_FROM_HOUR,
        until: config.SMS_QUIET_UNTIL_HOUR,
      },
    },
    observe: measureTexts(registry, { pool, clock }),
  });
}
