import { BlockList, isIPv6 } from 'node:net';
import type { Redis } from 'ioredis';
import { Counter, Gauge, type Registry } from 'prom-client';
import type { Manager } from '../asterisk/manager.ts';
import type { Sender } from '../asterisk/senders.ts';
import {
  createSuspects,
  KNOWN_MS,
  type SuspectRules,
  type Suspects,
  type Verdict,
} from '../asterisk/suspects.ts';
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { CommandClient } from '../platform/commands.ts';
import { messageOf } from '../platform/fault.ts';
import { BLOCK_LEASE_MS } from './blocking.ts';
import { untilItWorks } from './role.ts';

/** Sorted set: addresses from which an expert has signed in, by the time of the last sign-in. */
const KNOWN_KEY = '{guard}:known';
/** A telephone signs in anew every minute or two; its address need not be written down as often. */
const WRITE_EVERY_MS = 3_600_000;
/** Two renewals may be lost before a block falls. */
const RENEW_MS = BLOCK_LEASE_MS / 3;
const COMMAND_MS = 5000;

export interface GuardDeps {
  manager: Pick<Manager, 'onSender'>;
  commands: Pick<CommandClient, 'send'>;
  redis: Redis;
  clock: Clock;
  log: Log;
  registry: Registry;
  rules: SuspectRules;
  /** NEVER_BLOCK */
  neverBlock: string;
}

/** Counts who guesses passwords (see suspects.ts) and has the role that owns the exchange block them for a while. */
export function startGuard(deps: GuardDeps): { close(): void } {
  const { manager, redis, clock, log, rules } = deps;
  const ended = new AbortController();
  const isSpared = addressList(deps.neverBlock);
  let suspects: Suspects = createSuspects(rules);
  const count = measure(deps.registry, () => suspects.blocked(clock.now()).length);
  const written = new Map<string, number>();
  const pusher = createPusher({ ...deps, blocked: () => suspects.blocked(clock.now()) });
  let next: NodeJS.Timeout | undefined;

  function schedule(): void {
    clearTimeout(next);
    const now = clock.now();
    const end = suspects.nextEnd(now);
    if (end === null || ended.signal.aborted) return;
    next = setTimeout(follow, Math.min(RENEW_MS, Math.max(end - now, 0) + 1));
  }
  function follow(): void {
    pusher.push();
    schedule();
  }

  function remember(address: string): void {
    const now = clock.now();
    if (now - (written.get(address) ?? 0) < WRITE_EVERY_MS) return;
    written.set(address, now);
    redis.zadd(KNOWN_KEY, now, address).catch((error: unknown) => {
      written.delete(address);
      log.warn({ detail: messageOf(error) }, 'known-source.unwritten');
    });
  }

  function take(sender: Sender): void {
    count.senders.inc({ password: sender.password });
    if (isSpared(sender.address)) return;
    const verdict = suspects.note(sender, clock.now());
    if (sender.password === 'right') remember(sender.address);
    if (verdict === null) return;
    const { outcome, ...told } = verdict;
    count.verdicts.inc({ outcome });
    log.warn(told, `source.${outcome}`);
    if (outcome === 'blocked') follow();
  }

  // Nobody is judged before the good names are read; without Redis nobody could be blocked either.
  const stops: (() => void)[] = [];
  untilItWorks('known-sources', () => readKnown(redis, clock), { log, signal: ended.signal })
    .then((known) => {
      suspects = createSuspects(rules, known);
      stops.push(manager.onSender(take));
    })
    .catch((error: unknown) => {
      if (!ended.signal.aborted) log.error({ err: error }, 'known-sources.unread');
    });

  return {
    close: () => {
      ended.abort();
      clearTimeout(next);
      for (const stop of stops) stop();
    },
  };
}

async function readKnown(redis: Redis, clock: Clock): Promise<[string, number][]> {
  await redis.zremrangebyscore(KNOWN_KEY, '-inf', clock.now() - KNOWN_MS);
  const flat = await redis.zrange(KNOWN_KEY, '0', '-1', 'WITHSCORES');
  return flat.flatMap((address, i) =>
    i % 2 === 0 ? [[address, Number(flat[i + 1])] as [string, number]] : [],
  );
}

/** Sends the list as it is now; what changes while one is under way is sent right after it. */
function createPusher({
  commands,
  log,
  blocked,
}: Pick<GuardDeps, 'commands' | 'log'> & { blocked: () => string[] }): { push(): void } {
  let sending = false;
  let again = false;
  let before: readonly string[] = [];

  async function send(): Promise<void> {
    const addresses = blocked();
    for (const address of before) if (!addresses.includes(address)) log.info({ address }, 'source.released');
    before = addresses;
    try {
      await commands.send('sources.block', { addresses }, { timeoutMs: COMMAND_MS });
    } catch (error) {
      // The next renewal brings it; a block that was to end falls with its lease at the latest.
      log.warn({ detail: messageOf(error) }, 'block.unsent');
    }
  }
  async function run(): Promise<void> {
    sending = true;
    do {
      again = false;
      await send();
    } while (again);
    sending = false;
  }
  return {
    push: () => {
      if (sending) again = true;
      else void run();
    },
  };
}

/** @throws Error naming an entry that is no address and no network. */
export function addressList(entries: string): (address: string) => boolean {
  const list = new BlockList();
  const family = (address: string) => (isIPv6(address) ? 'ipv6' : 'ipv4');
  for (const entry of entries.split(',').filter((one) => one !== '')) {
    const [address = '', bits] = entry.split('/');
    try {
      if (bits === undefined) list.addAddress(address, family(address));
      else list.addSubnet(address, Number(bits), family(address));
    } catch (cause) {
      throw new Error(`NEVER_BLOCK: ${entry} is no address and no network`, { cause });
    }
  }
  return (address) => list.check(address, family(address));
}

function measure(registry: Registry, blocked: () => number) {
  const registers = [registry];
  new Gauge({
    name: 'clinic_sources_blocked',
    help: 'Addresses blocked at the moment for guessing SIP passwords',
    registers,
    collect() {
      this.set(blocked());
    },
  });
  const senders = new Counter({
    name: 'clinic_sip_senders_total',
    help: 'SIP requests challenged or signed in, by the password they brought: right, wrong, none',
    labelNames: ['password'],
    registers,
  });
  const verdicts = new Counter({
    name: 'clinic_source_verdicts_total',
    help: 'Times an address was blocked, or spared only because experts sign in from there',
    labelNames: ['outcome'],
    registers,
  });
  // From nought, so that the first one is seen as a rise.
  for (const password of ['right', 'wrong', 'none'] satisfies Sender['password'][])
    senders.inc({ password }, 0);
  for (const outcome of ['blocked', 'spared'] satisfies Verdict['outcome'][]) verdicts.inc({ outcome }, 0);
  return { senders, verdicts };
}
