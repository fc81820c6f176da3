import { Type } from 'typebox';
import { createTelephony, type AriTelephony } from '../asterisk/telephony-ari.ts';
import type { TelephonyEvent } from '../asterisk/telephony.ts';
import { createCalls, type Calls } from '../calls/service.ts';
import { createSnapshots } from '../calls/snapshots.ts';
import { SPECIALTY_BY_DIGIT } from '../calls/specialties.ts';
import { createLedger } from '../calls/store.ts';
import { createDesk } from '../experts/desk.ts';
import { createHours } from '../hours/service.ts';
import { command, serveCommands } from '../platform/commands.ts';
import { aborted } from '../platform/signals.ts';
import { createRouting } from '../routing/service.ts';
import { createBlocking } from './blocking.ts';
import { createCallFigures } from './call-figures.ts';
import { startHeart } from './heartbeat.ts';
import { measuredLedger, measuredSnapshots, measureRequests } from './measured.ts';
import { measureCalls } from './metrics.ts';
import { untilItWorks, type RunningRole, type Shared } from './role.ts';
import { askToYield, serveSuccession, thisProcess, type Predecessor, type Succession } from './succession.ts';

/** The Stasis application's name; extensions.conf sends calls to it. */
const STASIS_APP = 'clinic';
/** A predecessor that has agreed to go is asked whether it has finished once our socket is open: Asterisk may be away. */
const SOCKET_WITHIN_MS = 5000;

/** The one role that owns the telephone exchange: calls, offers, experts' telephones. */
export async function startCalls(shared: Shared, signal: AbortSignal): Promise<RunningRole> {
  const { config, log, clock, pool, redis, registry } = shared;
  // What needs neither the exchange nor the queue comes first: a process that has both still works meanwhile.
  const hours = await createHours({ pool, clock, log, zone: config.CLINIC_TIMEZONE });
  const predecessor = await askToYield({ redis, log }, shared.prepared);
  const telephony = createTelephony({
    url: config.ARI_URL,
    username: config.ARI_USERNAME,
    password: config.ARI_PASSWORD,
    app: STASIS_APP,
    log,
    clock,
    onRequest: measureRequests(registry),
  });
  const heard = listen(telephony);
  let succession: Succession | null = null;
  telephony.onReplaced(() => {
    const reason = 'another process took over the telephone exchange';
    if (succession?.replaced() === true) shared.retire(reason);
    else shared.giveUp(reason);
  });
  await takeTurn(predecessor, telephony, signal);
  // Not sooner: our own questions would be among those we answer.
  const heirs = (succession = serveSuccession({ redis, log, onYield: telephony.mayFinish }));
  const routing = await untilItWorks(
    'routing',
    () => createRouting({ ...policyOf(shared), redis, clock, log }),
    {
      log,
      signal,
    },
  );
  /** A part began to work: who waits for it must not wait for the next beat. */
  let changed: () => void = () => undefined;
  const ledger = measuredLedger(registry, createLedger({ pool, redis, log }));
  await ledger.start();
  const specialties = Object.values(SPECIALTY_BY_DIGIT);
  const calls = createCalls({
    telephony,
    routing,
    hours,
    ledger,
    snapshots: measuredSnapshots(registry, createSnapshots(redis)),
    clock,
    log,
    config,
    specialties: SPECIALTY_BY_DIGIT,
    observe: createCallFigures(registry, specialties),
    heard: heard.stop(),
    onReady: () => changed(),
  });
  /** Redis has lost what it knew of calls. */
  let forgotten = false;
  async function putBack(): Promise<void> {
    if (!forgotten) return;
    log.warn(await calls.putBack(), 'redis.restored');
    forgotten = false;
  }
  const desk = createDesk({
    telephony,
    routing,
    pool,
    log,
    clock,
    setOutcome: (expertId, digit) => calls.setOutcome(expertId, digit),
    onLoaded: () => changed(),
    beforeReachable: putBack,
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
    ...(shared.draining() ? { accepting: false } : {}),
  });
  measureCalls(registry, {
    ...{ calls, ledger, telephony, desk, routing, clock, parts, specialties },
    recordingsDir: config.RECORDINGS_DIR,
  });
  const heart = startHeart({
    redis,
    log,
    process: thisProcess(),
    parts,
    onChange: (listener) => telephony.onLink(listener),
    onForgotten: () => {
      forgotten = true;
      void desk.reload();
    },
  });
  changed = () => void heart.beat();

  let drained: Promise<Readonly<Record<string, unknown>>> | null = null;

  async function drain(): Promise<Readonly<Record<string, unknown>>> {
    await telephony.stopHearing();
    await heart.beat();
    heart.stop();
    // Requests of other processes stay in their stream, for a successor to serve within their time.
    await commands.close();
    blocking.close();
    await desk.close();
    await calls.drain();
    await routing.close();
    const live = Object.fromEntries(calls.liveCount());
    await ledger.close();
    const left = { live, outbox: ledger.depth() };
    heirs.finished(left);
    return left;
  }

  return {
    drain: () => (drained ??= drain()),
    close: async () => {
      await (drained ??= drain());
      await heirs.close();
      await heart.close();
      await telephony.close();
      await hours.close();
    },
  };
}

/** Keeps what the exchange tells until somebody is there to hear it. */
function listen(telephony: AriTelephony): { stop(): TelephonyEvent[] } {
  const heard: TelephonyEvent[] = [];
  const stop = telephony.onEvent((event) => void heard.push(event));
  return {
    stop: () => {
      stop();
      return heard;
    },
  };
}

/** Waits until the predecessor has finished; without one there is nothing to wait for, not even for the exchange. */
async function takeTurn(
  predecessor: Predecessor | null,
  telephony: AriTelephony,
  signal: AbortSignal,
): Promise<void> {
  if (predecessor === null) return;
  if (telephony.link() !== 'ready') {
    const ready = new Promise<void>((resolve) => {
      const stop = telephony.onLink((state) => {
        if (state !== 'ready') return;
        stop();
        resolve();
      });
    });
    await Promise.race([ready, aborted(signal), aborted(AbortSignal.timeout(SOCKET_WITHIN_MS))]);
  }
  await predecessor.finished();
}

const policyOf = ({ config }: Shared) => ({
  missesBeforePause: config.MISSES_BEFORE_PAUSE,
  missPauseSeconds: config.MISS_PAUSE_SECONDS,
});

const handlers = (calls: Calls) => ({
  'missed.import': command(Type.Object({}), () => calls.importMissed()),
});
