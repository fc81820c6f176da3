import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { migrate } from '../../../src/platform/migrate.ts';
import { startPrivatePostgres, startPrivateRedis } from '../../support/private-servers.ts';
import { testStack } from '../../support/stack.ts';
import { startTcpProxy } from '../../support/tcp-proxy.ts';
import { onlineExperts, type Account, type Sipp } from '../support/load.ts';
import { staffed } from '../support/staff.ts';
import { startApplication } from './application.ts';
import type { Scene } from './faults.ts';
import { answering, groupPort } from './telephones.ts';

/** Everything that may be broken, and nothing besides: Redis and PostgreSQL of our own, wires to the exchange, experts. */

/** Experts of a group sit in one SIPp. Digits 1 and 2 lead to these specialties. */
const GROUPS: readonly { experts: number; specialties: readonly string[] }[] = [
  { experts: 12, specialties: ['urban-planning'] },
  { experts: 12, specialties: ['transport'] },
  { experts: 10, specialties: ['urban-planning', 'transport'] },
  { experts: 10, specialties: ['urban-planning', 'transport'] },
];
export const DIGITS = ['1', '2'];

/**
 * A missed ring pauses nobody for long: there must be experts. Whoever keyed the digit while nobody listened comes to the
 * default specialty.
 */
const SETTINGS = {
  ...{ WRAP_UP_SECONDS: '1', RING_SECONDS: '20', MENU_TIMEOUT_SECONDS: '2', POSITION_REPEAT_SECONDS: '30' },
  ...{ MISSES_BEFORE_PAUSE: '4', MISS_PAUSE_SECONDS: '5', DEFAULT_SPECIALTY: 'urban-planning' },
};

export interface Stage {
  scene: Scene;
  /** Where logs and findings of this run stand. */
  folder: string;
  close(): Promise<void>;
}

export async function buildStage(): Promise<Stage> {
  const folder = join(testStack().asterisk.logDir, '..', '..', 'soak');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const undos: (() => Promise<unknown>)[] = [];
  const keep = <T>(thing: T, undo: (thing: T) => Promise<unknown>): T => {
    undos.push(() => undo(thing));
    return thing;
  };
  const close = async () => {
    for (const undo of undos.toReversed()) await undo();
  };
  try {
    const redis = keep(await startPrivateRedis(), (server) => server.remove());
    const postgres = keep(await startPrivatePostgres(), (server) => server.remove());
    await migrate(postgres.url, pino({ level: 'silent' }));
    const { ari, ami } = testStack();
    const at = new URL(ari.url);
    const ariWire = keep(await startTcpProxy({ host: at.hostname, port: Number(at.port) }), (wire) =>
      wire.close(),
    );
    const amiWire = keep(await startTcpProxy(ami), (wire) => wire.close());
    const env = {
      ...{ ...SETTINGS, DATABASE_URL: postgres.url, REDIS_URL: redis.url },
      ...{
        ARI_URL: `http://127.0.0.1:${ariWire.port}`,
        AMI_HOST: '127.0.0.1',
        AMI_PORT: String(amiWire.port),
      },
    };
    const application = keep(await startApplication(env, join(folder, 'application.log')), (one) =>
      one.close(),
    );
    const telephones = keep(await hire(application.owner()), (all) =>
      Promise.all(all.map((one) => one.stop())),
    );
    const restartTelephones = async (group: number) => {
      await telephones[group]!.kill();
      telephones[group] = answering(group);
    };
    const wires = [ariWire, amiWire];
    const scene = { application, redis, postgres, wires, restartTelephones, groups: GROUPS.length };
    return { scene, folder, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Each group's telephones, registered, their experts ready. */
async function hire(owner: Parameters<typeof staffed>[0]): Promise<Sipp[]> {
  const telephones: Sipp[] = [];
  for (const [group, { experts, specialties }] of GROUPS.entries()) {
    const accounts: Account[] = await staffed(owner, experts, ...specialties);
    telephones.push(await onlineExperts(accounts, () => answering(group), groupPort(group)));
  }
  return telephones;
}
