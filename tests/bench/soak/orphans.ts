import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import type { Clinic } from '../../support/clinic.ts';
import { leftInExchange } from '../../support/leftovers.ts';
import { testStack } from '../../support/stack.ts';

/** What is left when every citizen has gone: there should be nothing. */

export async function orphans(clinic: Clinic, redisUrl: string): Promise<string[]> {
  return [
    ...(await leftInExchange()),
    ...recordings(),
    ...(await leftInRedis(redisUrl)),
    ...(await leftInProcess(clinic)),
  ];
}

/**
 * A message is deleted from the exchange as soon as it is ours; one that is being made is a file as well. By the folder: ARI
 * answers with a fault where nothing was ever recorded.
 */
function recordings(): string[] {
  const folder = join(testStack().asterisk.spoolDir, 'recording');
  if (!existsSync(folder)) return [];
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  return files.map(({ name }) => `recording ${name}`);
}

/** Calls and offers in the queue, experts bound to a call, snapshots, entries on their way to PostgreSQL. */
async function leftInRedis(url: string): Promise<string[]> {
  const redis = new Redis(url);
  try {
    const names = await redis.keys('{clinic}:routing:*');
    const left: string[] = names
      .filter((name) => /:(call|waiting|entered|eligible|offers)(:|$)/.test(name))
      .map((name) => `key ${name}`);
    for (const name of names.filter((one) => one.includes(':expert:'))) {
      const [activity, callId, offerId] = await redis.hmget(name, 'activity', 'callId', 'offerId');
      if (activity !== 'idle' || callId !== '' || offerId !== '')
        left.push(`${name} is ${activity} (call ${callId}, offer ${offerId})`);
    }
    const snapshots = await redis.hkeys('{clinic}:calls');
    const waiting = await redis.xlen(OUTBOX).catch(() => 0);
    return [
      ...left,
      ...snapshots.map((callId) => `snapshot of ${callId}`),
      ...(waiting > 0 ? [`${waiting} entries in the outbox`] : []),
    ];
  } finally {
    redis.disconnect();
  }
}

const OUTBOX = '{ledger}:entries';

async function leftInProcess(clinic: Clinic): Promise<string[]> {
  const metrics = await (await fetch(`${clinic.url}/metrics`)).text();
  const figures = /^(clinic_calls_live|clinic_waiting_citizens|clinic_outbox_depth)(\{[^}]*\})? (\d+)$/gm;
  return [...metrics.matchAll(figures)]
    .filter(([, , , value]) => value !== '0')
    .map(([line]) => `figure ${line}`);
}
