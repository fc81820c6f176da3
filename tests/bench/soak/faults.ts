import { Redis } from 'ioredis';
import type { PrivateServer } from '../../support/private-servers.ts';
import type { Chance } from '../../support/random.ts';
import type { TcpProxy } from '../../support/tcp-proxy.ts';
import { pause } from '../support/pause.ts';
import { controlled, saidAt, signal, takesOver, timeOf, type Application } from './application.ts';

/** What is broken on purpose, one at a time, and how long nobody was in control of the calls because of it. */

export interface Scene {
  application: Application;
  redis: PrivateServer;
  postgres: PrivateServer;
  /** Every connection of the application to the exchange runs through these. */
  wires: readonly TcpProxy[];
  /** Kills the telephones of one group and starts them again. */
  restartTelephones: (group: number) => Promise<void>;
  groups: number;
}

/** Milliseconds since the epoch; the application was without control from..to, or controlled throughout (null). */
export type Struck = { from: number; to: number } | null;
type Strike = (scene: Scene, chance: Chance) => Promise<Struck>;

const STOPPED_MS = [2_000, 12_000] as const;
const POSTGRES_AWAY_MS = [3_000, 15_000] as const;
const REDIS_AWAY_MS = [0, 2_000] as const;

/** Its supervisor starts it again at once. From the kill. */
const kill: Strike = async ({ application }) => {
  const from = Date.now();
  await application.owner().kill();
  const next = await application.another();
  const to = await saidAt(next, 'calls.reconciled');
  await application.becomes(next);
  return { from, to };
};

/** One that stands by takes over. From the kill. */
const killBesideStandby: Strike = async ({ application }) => {
  const next = await application.another(true);
  await saidAt(next, 'standby.waiting');
  const from = Date.now();
  await application.owner().kill();
  const to = await saidAt(next, 'calls.reconciled');
  await application.becomes(next);
  return { from, to };
};

/** From when it runs again. */
const stop: Strike = async ({ application }, chance) => {
  const owner = application.owner();
  signal(owner, 'SIGSTOP');
  await pause(chance.whole(...STOPPED_MS));
  signal(owner, 'SIGCONT');
  const from = Date.now();
  return { from, to: await controlled(owner) };
};

/**
 * Stopped for longer than it trusts itself it is replaced meanwhile: then from when it was stopped. Else from when it runs
 * again.
 */
const stopBesideStandby: Strike = async ({ application }, chance) => {
  const owner = application.owner();
  const standby = await application.another(true);
  await saidAt(standby, 'standby.waiting');
  const stopped = Date.now();
  signal(owner, 'SIGSTOP');
  await pause(chance.whole(...STOPPED_MS));
  signal(owner, 'SIGCONT');
  const woken = Date.now();
  const again = controlled(owner).catch(() => null);
  if (await takesOver(standby)) {
    const to = await saidAt(standby, 'calls.reconciled');
    await application.becomes(standby);
    return { from: stopped, to };
  }
  return { from: woken, to: (await again) ?? (await controlled(owner)) };
};

/** Started beside the first, which hands over in order. From the question to the answer that everything is in hand. */
const second: Strike = async ({ application }) => {
  const next = await application.another();
  const to = await saidAt(next, 'calls.reconciled');
  const asked = next.lines.find(({ msg }) => msg === 'exchange.asked-for' || msg === 'predecessor.silent');
  const from = asked === undefined ? to : timeOf(asked);
  await application.becomes(next);
  return { from, to };
};

/** From when Redis is there again. */
const killRedis: Strike = async ({ application, redis }, chance) => {
  await redis.kill();
  await pause(chance.whole(...REDIS_AWAY_MS));
  await redis.start();
  const from = Date.now();
  return { from, to: await controlled(application.owner()) };
};

/** From the loss until everything stands there again. */
const emptyRedis: Strike = async ({ application, redis }) => {
  const owner = application.owner();
  const seen = owner.lines.length;
  const connection = new Redis(redis.url);
  const from = Date.now();
  await connection.flushall();
  connection.disconnect();
  return { from, to: await saidAt(owner, 'redis.restored', seen) };
};

/** From when PostgreSQL is there again. */
const stopPostgres: Strike = async ({ application, postgres }, chance) => {
  await postgres.kill();
  await pause(chance.whole(...POSTGRES_AWAY_MS));
  await postgres.start();
  const from = Date.now();
  return { from, to: await controlled(application.owner()) };
};

/** From the cut. */
const cutWires: Strike = async ({ application, wires }) => {
  const owner = application.owner();
  const seen = owner.lines.length;
  const from = Date.now();
  for (const wire of wires) wire.cut();
  return { from, to: await saidAt(owner, 'calls.reconciled', seen) };
};

const killTelephones: Strike = async ({ restartTelephones, groups }, chance) => {
  await restartTelephones(chance.whole(0, groups - 1));
  return null;
};

/** How often each is drawn, beside the others: those that last are rarer. */
const SHARES: Readonly<Record<string, { share: number; strike: Strike }>> = {
  kill: { share: 18, strike: kill },
  'kill-beside-standby': { share: 10, strike: killBesideStandby },
  stop: { share: 9, strike: stop },
  'stop-beside-standby': { share: 10, strike: stopBesideStandby },
  'second-instance': { share: 12, strike: second },
  'redis-killed': { share: 12, strike: killRedis },
  'redis-emptied': { share: 13, strike: emptyRedis },
  'postgres-stopped': { share: 7, strike: stopPostgres },
  'wires-cut': { share: 14, strike: cutWires },
  'telephones-killed': { share: 8, strike: killTelephones },
};

export const FAULTS: readonly string[] = Object.keys(SHARES);

/** @param only: names of those that may be drawn */
export function draw(chance: Chance, only: readonly string[] = FAULTS): string {
  const bag = only.flatMap((name) => Array<string>(SHARES[name]?.share ?? 0).fill(name));
  return chance.pick(bag);
}

export const strike = (name: string, scene: Scene, chance: Chance): Promise<Struck> =>
  SHARES[name]!.strike(scene, chance);
