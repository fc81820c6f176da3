import { Type } from 'typebox';
import type { Pool } from 'pg';
import type { Telephony } from '../asterisk/telephony.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import { command, type CommandHandler } from '../platform/commands.ts';
import { fault } from '../platform/fault.ts';
import { answerWithin } from '../platform/within.ts';
import type { ExpertStatus, Intent, Routing, RoutingChange } from '../routing/routing.ts';
import { createFeatures } from './features.ts';
import { createKeeper } from './keeper.ts';
import { createMuster } from './muster.ts';
import { createReloader } from './reloader.ts';
import {
  KEYPAD_REASON,
  OUTCOME_MISSING,
  OUTCOME_PROMPTS,
  type Feature,
  type OutcomeKeyed,
  type Presence,
} from './rules.ts';
import { createMarks, createSerial } from './serial.ts';
import { createTelephones } from './telephones.ts';

/** The experts' side of the process that has the calls: roster, telephones and presence meet routing here. */
export interface Desk {
  /** presence.apply, roster.apply, softphone.put: for serveCommands. */
  handlers: Readonly<Record<string, CommandHandler>>;
  /** Brings routing and the exchange to the roster anew, e.g. after Redis was emptied. Resolves when that is done. */
  reload(): Promise<void>;
  /** True once routing has had the whole roster. */
  loaded(): boolean;
  /** Presence changes in force that PostgreSQL does not have yet. */
  unsaved(): number;
  /** Waits for what is under way. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export interface DeskDeps {
  telephony: Telephony;
  routing: Routing;
  pool: Pool;
  log: Log;
  clock: Clock;
  /** `*5N`: sets the outcome of the talk or wrap-up this expert is in, else of the latest talk that has none. */
  setOutcome: (expertId: string, digit: string) => OutcomeKeyed | Promise<OutcomeKeyed>;
  /** Whether this expert still owes the outcome of a talk. Asked at every code about presence; a slow answer is not waited for. */
  owesOutcome: (expertId: string) => Promise<boolean>;
  /** Told each time routing has had the whole roster. */
  onLoaded?: () => void;
  /** Waited for before an expert can be reached: who is in the exchange has been taken up, so that nobody is passed over. */
  takenUp?: () => Promise<void>;
  /**
   * Waited for when routing knows everybody and what they want, and before it is told who can be reached: after Redis was
   * emptied nobody can be yet, and those who are at work must be known as such before anybody is offered a call.
   */
  beforeReachable?: () => Promise<void>;
  /** How often routing is compared with roster and exchange. Nobody waits for it: it mends what got lost. */
  sweepSeconds?: number;
}

const SWEEP_SECONDS = 10;
/** What was dialled is done; the expert hears so without waiting for PostgreSQL. */
const PATIENCE_MS = 300;
/** The roster itself is read anew every so many sweeps, for the change whose command did not get through. */
const SWEEPS_TO_REREAD = 6;

export function createDesk(deps: DeskDeps): Desk {
  const {
    telephony,
    routing,
    pool,
    log,
    clock,
    setOutcome,
    owesOutcome,
    sweepSeconds = SWEEP_SECONDS,
  } = deps;
  const inTurn = createSerial();
  const news = createMarks();
  const keeper = createKeeper({ pool, log, onKept: (expertId) => news.mark(expertId) });
  const isUnsaved = (expertId: string) => keeper.isUnsaved(expertId);
  const muster = createMuster({ pool, routing, clock, log, news, isUnsaved, inTurn });
  const telephones = createTelephones({ telephony, routing, log, takenUp: deps.takenUp });
  const features = createFeatures({ telephony, log, perform });
  /** Whom PostgreSQL last told us of, and whether they are active; null: it has not yet. */
  let roster: Map<string, boolean> | null = null;

  const reloader = createReloader(log, async () => {
    const entries = await muster.all();
    roster = new Map(entries.map((entry) => [entry.id, entry.active]));
    deps.onLoaded?.();
    if (telephony.link() === 'ready') await deps.takenUp?.();
    await deps.beforeReachable?.();
    if (telephony.link() !== 'ready') return;
    await telephones.push(entries);
    await telephones.compare([...roster.keys()]);
    features.takeUp(await telephony.channels());
  });

  /** What happened elsewhere than in PostgreSQL, to be written down there. */
  function note(expertId: string, presence: Presence, actor: string, at: number): void {
    news.mark(expertId);
    keeper.keep({ expertId, ...presence, at, actor });
  }

  async function perform(expertId: string, feature: Feature): Promise<readonly string[]> {
    if (feature.kind === 'outcome') return [OUTCOME_PROMPTS[await setOutcome(expertId, feature.digit)]];
    const told = await setIntent(expertId, feature.intent);
    if (told === null) return ['feature/refused'];
    const owes = await answerWithin(owesOutcome(expertId), {
      ...{ ms: PATIENCE_MS, otherwise: false },
      onFault: (error) => log.warn({ err: error, expertId }, 'outcome.unasked'),
    });
    return owes ? [told, OUTCOME_MISSING] : [told];
  }

  /** null: an expert nobody knows. */
  async function setIntent(expertId: string, intent: Intent): Promise<string | null> {
    const reason = intent === 'paused' ? KEYPAD_REASON : null;
    return await inTurn(async () => {
      const known = roster?.get(expertId) ?? (await routing.expert(expertId)) !== null;
      if (!known) return null;
      await routing.setIntent(expertId, intent, reason, null);
      note(expertId, { intent, reason, until: null }, `expert:${expertId}`, clock.now());
      return `feature/${intent}`;
    });
  }

  function routingChanged(change: RoutingChange): void {
    const { expertId, at } = change;
    if (change.type === 'paused') {
      note(expertId, { intent: 'paused', reason: change.reason, until: change.until }, 'system', at);
    } else if (change.type === 'pause-ended') {
      note(expertId, { intent: 'ready', reason: null, until: null }, 'system', at);
    }
  }

  async function applyOne(expertId: string): Promise<ExpertStatus> {
    return (await muster.presence(expertId)) ?? unknown(expertId);
  }

  async function applyRoster(expertId: string): Promise<ExpertStatus | null> {
    const { entry, status } = (await muster.one(expertId)) ?? unknown(expertId);
    roster?.set(expertId, entry.active);
    // Without the exchange the rest follows as soon as it is back.
    if (telephony.link() !== 'ready') return status;
    await telephones.push([entry]);
    await telephones.compare([expertId]);
    return await routing.expert(expertId);
  }

  let sweeps = 0;

  /** Redis emptied, an event or a command lost: found here at the latest. */
  async function sweep(): Promise<void> {
    if (roster === null || telephony.link() !== 'ready') return;
    sweeps += 1;
    if (sweeps % SWEEPS_TO_REREAD === 0) return await reloader.request();
    const present = new Set((await routing.experts()).map((status) => status.expertId));
    const missing = [...roster.keys()].filter((id) => !present.has(id)).length;
    if (missing > 0) {
      log.warn({ missing }, 'roster.mended');
      return await reloader.request();
    }
    const wrong = await telephones.compare([...roster.keys()]);
    if (wrong > 0) log.warn({ wrong }, 'reachability.mended');
  }

  const timer = setInterval(() => {
    sweep().catch((error: unknown) => log.warn({ err: error }, 'sweep.failed'));
  }, sweepSeconds * 1000);
  const stops = [
    telephony.onEvent((event) => {
      telephones.handle(event);
      features.handle(event);
    }),
    telephony.onLink((state) => {
      if (state === 'ready') void reloader.request();
    }),
    routing.onChange(routingChanged),
  ];
  void reloader.request();

  return {
    handlers: {
      'presence.apply': command(OfExpert, ({ expertId }) => applyOne(expertId)),
      'roster.apply': command(OfExpert, ({ expertId }) => applyRoster(expertId)),
      'softphone.put': command(Account, (account) => telephones.put(account)),
    },
    reload: () => reloader.request(),
    loaded: () => roster !== null,
    unsaved: () => keeper.depth(),
    settle: async () => {
      await features.settle();
      await telephones.settle();
    },
    close: async () => {
      clearInterval(timer);
      for (const stop of stops) stop();
      await reloader.close();
      await features.drain();
      await keeper.close();
    },
  };
}

const OfExpert = Type.Object({ expertId: Type.String() });
const Account = Type.Object({ username: Type.String(), realm: Type.String(), ha1: Type.String() });

function unknown(expertId: string): never {
  throw fault('expert-unknown', `There is no expert ${expertId}`);
}
