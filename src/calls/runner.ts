import type { Telephony } from '../asterisk/telephony.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { Call, CallEvent, Effect, Settings, TimerName } from './call.ts';
import { createInbox } from './inbox.ts';
import { step, type Step } from './machine.ts';
import { codeOf } from '../platform/fault.ts';
import { within } from '../platform/within.ts';
import { besideSnapshot, repeatable, type Snapshot, type Snapshots } from './snapshots.ts';

/** Carries out one effect; what comes of it at once is given to `reply`. */
export type Perform = (
  call: Call,
  effect: Exclude<Effect, { do: 'timer' }>,
  reply: (event: CallEvent) => void,
) => Promise<void>;

/** One live call: the table behind a serial inbox, its timers, its snapshot. */
export interface Runner {
  call(): Call;
  post(event: CallEvent): void;
  idle(): Promise<void>;
  /** Whether a step is in progress. */
  busy(): boolean;
  /** Drops the timers; the call itself goes on in Asterisk for whoever takes it up. */
  abandon(): void;
}

export interface RunnerDeps {
  settings: Settings;
  snapshots: Snapshots;
  perform: Perform;
  telephony: Pick<Telephony, 'trust'>;
  clock: Clock;
  log: Log;
  onEnded: (call: Call) => void;
  /** Repeats what failed until it succeeds. */
  later: (work: () => Promise<unknown>) => void;
}

/** A Redis that does not answer must not keep an expert's telephone ringing. */
const SAVE_PATIENCE_MS = 200;

/** first: what begins (or takes up) the call; its effects are carried out before any event. */
export function startRunner(first: Step, deps: RunnerDeps): Runner {
  const { settings, snapshots, perform, clock, onEnded } = deps;
  const log = deps.log.child({ callId: first.call.id });
  let call = first.call;
  let intended: Snapshot = { call, effects: [] };
  let isOwed = false;
  let timers = new Map<TimerName, NodeJS.Timeout>();

  function dropTimers(): void {
    for (const timer of timers.values()) clearTimeout(timer);
    timers = new Map();
  }

  function setTimer({ name, seconds, visit }: Extract<Effect, { do: 'timer' }>): void {
    clearTimeout(timers.get(name));
    timers.set(
      name,
      setTimeout(() => inbox.post({ event: { type: 'timer', name, visit } }), seconds * 1000),
    );
  }

  async function save(effects: readonly Effect[]): Promise<void> {
    intended = { call, effects: repeatable(effects) };
    // Seen also where nobody waits for it any more.
    const saved = snapshots.save(intended).catch((error: unknown) => {
      // Without Redis the call still goes on; until it is saved again it could only not be taken up by another process.
      log.warn({ err: error, state: call.state }, 'snapshot.failed');
      if (codeOf(error) === 'redis-failed') saveLater();
    });
    await within(saved, SAVE_PATIENCE_MS);
  }

  /** What a successor would find otherwise is older than what is written down, and it would use numbers of entries twice. */
  function saveLater(): void {
    if (isOwed) return;
    isOwed = true;
    deps.later(async () => {
      if (call.state !== 'ended') await snapshots.save(intended);
      isOwed = false;
    });
  }

  async function carryOut(next: Step, reply: (event: Message) => void): Promise<void> {
    if (next.call.visit !== call.visit) dropTimers();
    const changed = next.call !== call;
    call = next.call;
    const saved = changed ? save(next.effects) : Promise.resolve();
    for (const effect of next.effects) {
      if (!besideSnapshot(effect)) await saved;
      if (effect.do === 'timer') setTimer(effect);
      else await attempt(effect, reply);
    }
    await saved;
    if (call.state === 'ended') await finish();
  }

  /** What a fault means to the call is said by `perform` in events; here it must only not stop the other effects. */
  async function attempt(
    effect: Exclude<Effect, { do: 'timer' }>,
    reply: (event: Message) => void,
  ): Promise<void> {
    try {
      await perform(call, effect, (event) => reply({ event }));
    } catch (error) {
      log.error({ err: error, effect: effect.do, state: call.state }, 'effect.failed');
    }
  }

  async function finish(): Promise<void> {
    dropTimers();
    onEnded(call);
    const remove = () => snapshots.remove(call.id);
    try {
      await remove();
    } catch (error) {
      log.warn({ err: error }, 'snapshot.kept');
      deps.later(remove);
    }
  }

  type Message = { event: CallEvent } | { begin: Step };
  const inbox = createInbox<Message>(
    async (message, reply) => {
      // A process that was stopped decides nothing before it knows that the calls are still its own.
      const ours = deps.telephony.trust();
      if (ours !== true && !(await ours)) return;
      if ('begin' in message) {
        await save(message.begin.effects);
        await carryOut(message.begin, reply);
      } else if (call.state !== 'ended') {
        log.debug({ event: message.event.type, state: call.state, visit: call.visit }, 'event.handled');
        await carryOut(step(call, message.event, settings, clock.now()), reply);
      }
    },
    (fault, message) =>
      log.error({ err: fault, event: 'begin' in message ? 'begin' : message.event.type }, 'event.failed'),
  );
  inbox.post({ begin: first });

  return {
    call: () => call,
    post: (event) => inbox.post({ event }),
    idle: () => inbox.idle(),
    busy: () => inbox.busy(),
    abandon: dropTimers,
  };
}
