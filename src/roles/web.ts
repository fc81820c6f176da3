import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { systemClock } from '../clock.ts';
import { callbackRoutes } from '../callbacks/routes.ts';
import { callRoutes } from '../calls/routes.ts';
import { caseRoutes } from '../cases/routes.ts';
import { expertRoutes } from '../experts/routes.ts';
import { createExperts } from '../experts/service.ts';
import { hoursRoutes } from '../hours/routes.ts';
import { createHours, type Hours } from '../hours/service.ts';
import { nuisanceRoutes } from '../nuisance/routes.ts';
import { createCommandClient, type CommandClient } from '../platform/commands.ts';
import { queueRoutes } from '../routing/routes.ts';
import { recordingRoutes } from '../recordings/routes.ts';
import { createRoutingReader } from '../routing/reader.ts';
import { textRoutes } from '../sms/routes.ts';
import { makeFirstAdmin } from '../staff/first-admin.ts';
import { createStaff } from '../staff/service.ts';
import { createReadiness } from '../web/readiness.ts';
import { createWeb } from '../web/server.ts';
import { callbackDeskOf } from './callbacks.ts';
import { casesOf } from './cases.ts';
import { listenOn } from './listen.ts';
import { measuredCommands } from './measured.ts';
import { recordingsOf } from './recordings.ts';
import { untilItWorks, type RunningRole, type Shared } from './role.ts';

/** Name an authenticator app shows beside the one-time code. */
const ISSUER = 'Clinic 137';

/** The door: API, documentation, probes. Reads Redis itself; changes of the exchange it asks of the role `calls`. */
export async function startWeb(shared: Shared, signal: AbortSignal): Promise<RunningRole> {
  const { config, log, redis, registry } = shared;
  const commands = measuredCommands(registry, createCommandClient({ redis, log }));
  const { app, hours } = await shared.prepare(() => assemble(shared, commands));
  if (config.FIRST_ADMIN_PASSWORD !== '') void seedFirstAdmin(shared, signal);
  await listenOn(app, shared);
  const { port } = app.server.address() as AddressInfo;
  log.info({ url: `http://${config.HTTP_HOST}:${port}` }, 'web.listening');
  return {
    close: async () => {
      await app.close();
      await commands.close();
      await hours.close();
    },
  };
}

/** The server with every room's routes, listening nowhere yet: most of it is describing and compiling schemas. */
async function assemble(
  shared: Shared,
  commands: CommandClient,
): Promise<{ app: FastifyInstance; hours: Hours }> {
  const { config, log, clock, pool, redis, registry } = shared;
  const zone = config.CLINIC_TIMEZONE;
  const routing = createRoutingReader({ redis, clock });
  const hours = await createHours({ pool, clock, log, zone });
  const sip = {
    domain: config.SIP_DOMAIN,
    port: config.SIP_PORT,
    wsUrl: config.SIP_WS_URL,
    realm: config.SIP_REALM,
  };
  const experts = createExperts({ pool, routing, commands, log, sip });
  const staff = createStaff({
    pool,
    // One-time codes go by the time that everybody's telephone shows.
    clock: systemClock,
    sessionHours: config.SESSION_HOURS,
    secondFactorRequired: config.SECOND_FACTOR_REQUIRED,
    issuer: ISSUER,
  });
  const { recordings } = recordingsOf(shared);
  const cases = casesOf(shared, hours, recordings.imports);
  const app = await createWeb({
    pool,
    redis,
    clock,
    log,
    registry,
    publicUrl: config.PUBLIC_URL,
    ...(config.TRUST_PROXY === '' ? {} : { trustProxy: config.TRUST_PROXY }),
    staff,
    readiness: createReadiness({ pool, redis, draining: shared.draining }),
    rooms: [
      callRoutes({ pool, clock }),
      caseRoutes({ cases, pool, clock, zone }),
      callbackRoutes({ desk: callbackDeskOf(shared, hours, cases), cases, clock }),
      recordingRoutes({ recordings, commands, pool, zone }),
      textRoutes({ pool }),
      nuisanceRoutes({ pool, clock, areaCode: config.CLINIC_AREA_CODE }),
      queueRoutes({ db: pool, clock, routing, equityBoundSeconds: config.EQUITY_BOUND_SECONDS }),
      expertRoutes({ experts }),
      hoursRoutes({ pool, hours, clock, zone }),
    ],
  });
  return { app, hours };
}

/** Beside the start, not before it: PostgreSQL may be away, and the probes have to tell so meanwhile. */
async function seedFirstAdmin({ config, log, pool }: Shared, signal: AbortSignal): Promise<void> {
  const first = {
    password: config.FIRST_ADMIN_PASSWORD,
    otpSecret: config.FIRST_ADMIN_OTP_SECRET === '' ? null : config.FIRST_ADMIN_OTP_SECRET,
  };
  try {
    if (await untilItWorks('first-admin', () => makeFirstAdmin(pool, first), { log, signal }))
      log.info('first-admin.made');
  } catch (error) {
    if (!signal.aborted) log.error({ err: error }, 'first-admin.failed');
  }
}
