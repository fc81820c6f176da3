import { Type } from 'typebox';
import { createTelephony } from '../asterisk/telephony-ari.ts';
import { createEarlierExperts } from '../calls/earlier-expert.ts';
import { createEarlierWaits } from '../calls/earlier-waits.ts';
import { createDialler, type Dialler } from '../callbacks/dialler.ts';
import { TAKE } from '../callbacks/jobs.ts';
import { createMissingOutcomes } from '../calls/missing-outcomes.ts';
import { createCalls, type Calls } from '../calls/service.ts';
import { createReferences } from '../cases/references.ts';
import { createSnapshots } from '../calls/snapshots.ts';
import { SPECIALTY_BY_DIGIT } from '../calls/specialties.ts';
import { createLedger } from '../calls/store.ts';
import { createDesk } from '../experts/desk.ts';
import { createHours } from '../hours/service.ts';
import { createNuisance } from '../nuisance/service.ts';
import { command, serveCommands } from '../platform/commands.ts';
import { createFence } from '../platform/fence.ts';
import { aborted } from '../platform/signals.ts';
import { within } from '../platform/within.ts';
import { createRuleBook } from '../routing/rule-book.ts';
import { createRouting } from '../routing/service.ts';
import { createWaitEstimates } from '../routing/wait-estimates.ts';
import { createBlocking } from './blocking.ts';
import { keepClock } from './clock-keeper.ts';
import { createCallFigures } from './call-figures.ts';
import { startHeart } from './heartbeat.ts';
import { measuredLedger, measuredSnapshots, measureRequests } from './measured.ts';
import { measureCalls } from './metrics.ts';
import { recordTalks } from './recordings.ts';
import { startProof } from './proof.ts';
import { untilNeeded } from './standby.ts';
import { untilItWorks, type RunningRole, type Shared } from './role.ts';
import { askToYield, serveSuccession, thisProcess, type Succession } from './succession.ts';
import { keepEvents, takeTurn } from './take-over.ts';

/** The Stasis application's name; extensions.conf sends calls to it. */
const STASIS_APP = 'clinic';
/** Steps are some milliseconds; one that waits for an exchange that does not answer holds up no deadline. */
const CATCHES_UP_WITHIN_MS = 200;
/** What else is under way when the calls have been saved: Docker kills after ten seconds, a successor waits for five. */
const OTHERS_WITHIN_MS = 1000;

/** The one role that owns the telephone exchange: calls, offers, experts' telephones. */
export async function startCalls(shared: Shared, signal: AbortSignal): Promise<RunningRole> {
  const { config, log, clock, pool, redis, registry } = shared;
  // What needs neither the exchange nor the queue comes first: a process that has both still works meanwhile.
  const [hours, nuisance] = await Promise.all([
    createHours({ pool, clock, log, zone: config.CLINIC_TIMEZONE }),
    createNuisance({ pool, clock, log }),
  ]);
  // Without Redis no call could be led: as long as no socket of ours is open, the exchange takes calls by itself.
  await untilItWorks('redis', () => redis.ping(), { log, signal });
  if (config.CLINIC_STANDBY) await untilNeeded(redis, log, signal);
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
  const heard = keepEvents(telephony);
  let succession: Succession | null = null;
  telephony.onReplaced(() => {
    const reason = 'another process took over the telephone exchange';
    if (succession?.replaced() === true) shared.retire(reason);
    else shared.giveUp(reason);
  });
  await takeTurn(predecessor, telephony, signal);
  // Not sooner: our own questions would be among those we answer.
  const heirs = (succession = serveSuccession({ redis, log, onYield: telephony.mayFinish }));
  const fence = createFence({ redis, log, owns: () => telephony.link() === 'ready' && telephony.trust() });
  let isAtHand = (): boolean => false;
  /**
   * Who stood still, or has just come, hears first what was told or happened meanwhile: an expert who has hung up, a citizen whose
   * ring was declined or went to a telephone that is gone. Who is freed by a deadline would otherwise go to somebody behind them.
   */
  async function caughtUp(ours: boolean | Promise<boolean>): Promise<boolean> {
    if (!(await ours)) return false;
    await calls.takenUp();
    await Promise.race([calls.settled(), aborted(AbortSignal.timeout(CATCHES_UP_WITHIN_MS))]);
    return true;
  }
  const mayAct = (): boolean | Promise<boolean> => {
    const ours = telephony.trust();
    return ours === true && isAtHand() ? true : caughtUp(ours);
  };
  let reconsider: () => void = () => undefined;
  const book = createRuleBook({
    ...{ pool, log, onChange: () => reconsider() },
    levelStepSeconds: config.LEVEL_STEP_SECONDS,
    equityBoundSeconds: config.EQUITY_BOUND_SECONDS,
  });
  const routing = await untilItWorks(
    'routing',
    async () => {
      await fence.claim();
      return createRouting({
        ...policyOf(shared),
        rules: () => book.rules(),
        redis,
        clock,
        log,
        fence,
        mayAct,
        onForgotten: () => refill(),
      });
    },
    {
      log,
      signal,
    },
  );
  // Without Redis the next transition goes by the new rules.
  reconsider = () =>
    void routing.reconsider().catch((error: unknown) => log.warn({ err: error }, 'queues.not-reconsidered'));
  /** A part began to work: who waits for it must not wait for the next beat. */
  let changed: () => void = () => undefined;
  const ledger = measuredLedger(registry, createLedger({ pool, redis, log }));
  await ledger.start();
  const specialties = Object.values(SPECIALTY_BY_DIGIT);
  const outcomes = createMissingOutcomes({ pool, clock, log });
  const talks = recordTalks(shared, telephony, () => calls);
  const calls = createCalls({
    telephony,
    recorder: talks.recorder,
    vault: talks.vault,
    routing,
    waits: createWaitEstimates({
      ...{ routing, pool, clock, log },
      equityBoundSeconds: config.EQUITY_BOUND_SECONDS,
    }),
    earlier: createEarlierExperts({
      ...{ routing, pool, clock, log },
      ...{ days: config.SAME_EXPERT_DAYS, seconds: config.SAME_EXPERT_SECONDS },
    }),
    earlierWaits: createEarlierWaits({
      ...{ pool, log, hours: config.EARLIER_WAIT_HOURS },
      longestSeconds: config.EARLIER_WAIT_LONGEST_SECONDS,
    }),
    hours,
    isListed: nuisance.isListed,
    references: createReferences({ pool, log }),
    ledger,
    snapshots: measuredSnapshots(registry, createSnapshots(redis, fence)),
    outcomes,
    clock,
    log,
    config,
    specialties: SPECIALTY_BY_DIGIT,
    observe: createCallFigures(registry, specialties),
    heard: heard.stop(),
    onReady: () => {
      shared.atHand();
      changed();
      talks.takeUp();
    },
  });
  isAtHand = calls.ready;
  const dialler = createDialler({ pool, clock, log, hours, calls, ledger, trunk: config.CALLBACK_TRUNK });
  /** Redis has lost what it knew of calls, or may have. */
  let forgotten = false;
  function refill(): void {
    forgotten = true;
    void desk.reload();
  }
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
    owesOutcome: (expertId) => outcomes.owes(expertId),
    onLoaded: () => changed(),
    takenUp: calls.takenUp,
    beforeReachable: putBack,
  });
  const blocking = createBlocking({ telephony, log });
  const commands = serveCommands(
    { redis, log },
    {
      ...desk.handlers,
      ...blocking.handlers,
      ...handlers(calls, dialler),
      ...talks.handlers,
    },
  );
  const parts = () => ({
    asterisk: telephony.link() === 'ready',
    roster: desk.loaded(),
    calls: calls.ready(),
    ...(shared.draining() ? { accepting: false } : {}),
  });
  measureCalls(registry, {
    ...{ calls, ledger, telephony, desk, routing, clock, parts, specialties, outcomes },
    recordingsDir: config.RECORDINGS_DIR,
  });
  const heart = startHeart({
    redis,
    log,
    process: thisProcess(),
    parts,
    onChange: (listener) => telephony.onLink(listener),
    onForgotten: refill,
  });
  const proof = startProof({ telephony, log, process: thisProcess(), works: () => calls.ready() });
  changed = () => {
    void heart.beat();
    proof.give();
  };
  // A Redis that was started anew may lack the last moment, and who went without it said nothing to it meanwhile.
  redis.on('ready', refill);

  const clockKeeper = keepClock({ clock, log, isQuiet: () => calls.liveCount().size === 0 });

  let drained: Promise<Readonly<Record<string, unknown>>> | null = null;

  async function drain(): Promise<Readonly<Record<string, unknown>>> {
    redis.off('ready', refill);
    clockKeeper.close();
    await telephony.stopHearing();
    await heart.beat();
    heart.stop();
    proof.stop();
    // Requests of other processes stay in their stream, for a successor to serve within their time. What is under way may wait
    // for PostgreSQL; the calls do not wait for it.
    const others = Promise.all([commands.close(), desk.close()]);
    await calls.drain();
    await within(others, OTHERS_WITHIN_MS);
    blocking.close();
    await book.close();
    await talks.close();
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
      await nuisance.close();
      await hours.close();
    },
  };
}

const policyOf = ({ config }: Shared) => ({
  missesBeforePause: config.MISSES_BEFORE_PAUSE,
  missPauseSeconds: config.MISS_PAUSE_SECONDS,
});

const handlers = (calls: Calls, dialler: Dialler) => ({
  [TAKE]: command(Type.Object({}), () => dialler.take()),
  'missed.import': command(Type.Object({}), () => calls.importMissed()),
});
