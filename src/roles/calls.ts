import { createTelephony } from '../asterisk/telephony-ari.ts';
import { createLedger } from '../calls/store.ts';
import { createCalls, type Calls } from '../calls/service.ts';
import { createSnapshots } from '../calls/snapshots.ts';
import { SPECIALTY_BY_DIGIT } from '../calls/specialties.ts';
import { createDesk } from '../experts/desk.ts';
import { createHours } from '../hours/service.ts';
import { command, serveCommands } from '../platform/commands.ts';
import { createRouting } from '../routing/service.ts';
import { Type } from 'typebox';
import { createBlocking } from './blocking.ts';
import { beat } from './heartbeat.ts';
import { measureCalls } from './metrics.ts';
import { untilItWorks, type RunningRole, type Shared } from './role.ts';

/** The Stasis application's name; extensions.conf sends calls to it. */
const STASIS_APP = 'clinic';

/** The one role that owns the telephone exchange: calls, offers, experts' telephones. */
export async function startCalls(shared: Shared, signal: AbortSignal): Promise<RunningRole> {
  const { config, log, clock, pool, redis, registry, giveUp } = shared;
  const routing = await untilItWorks(
    'routing',
    () =>
      createRouting({
        redis,
        clock,
        log,
        missesBeforePause: config.MISSES_BEFORE_PAUSE,
        missPauseSeconds: config.MISS_PAUSE_SECONDS,
      }),
    { log, signal },
  );
  const hours = await createHours({ pool, clock, log, zone: config.CLINIC_TIMEZONE });
  const ledger = createLedger({ pool, redis, log });
  await ledger.start();
  const telephony = createTelephony({
    url: config.ARI_URL,
    username: config.ARI_USERNAME,
    password: config.ARI_PASSWORD,
    app: STASIS_APP,
    log,
    clock,
  });
  telephony.onReplaced(() => giveUp('another process took over the telephone exchange'));
  const snapshots = createSnapshots(redis);
  const calls = createCalls({
    telephony,
    routing,
    hours,
    ledger,
    snapshots,
    clock,
    log,
    config,
    specialties: SPECIALTY_BY_DIGIT,
  });
  const desk = createDesk({
    telephony,
    routing,
    pool,
    log,
    clock,
    setOutcome: (expertId, digit) => calls.setOutcome(expertId, digit),
  });
  const blocking = createBlocking({ telephony, log });
  const commands = serveCommands(
    { redis, log },
    { ...desk.handlers, ...blocking.handlers, ...handlers(calls) },
  );
  const parts = () => ({
    asterisk: telephony.link() === 'ready',
    roster: desk.loaded(),
    calls: calls.ready(),
  });
  measureCalls(registry, { calls, ledger, telephony, desk });
  const heart = beat({ redis, log, parts, onChange: (listener) => telephony.onLink(listener) });

  return {
    close: async () => {
      await heart.close();
      await commands.close();
      blocking.close();
      await desk.close();
      await calls.close();
      await telephony.close();
      await hours.close();
      await ledger.close();
      await routing.close();
    },
  };
}

const handlers = (calls: Calls) => ({
  'missed.import': command(Type.Object({}), () => calls.importMissed()),
});
