import { createLedger } from '../../src/calls/store.ts';
import { createPool } from '../../src/platform/pool.ts';
import { createRedis } from '../../src/platform/redis.ts';
import { answeredCall } from './ledger-entries.ts';
import { silentLog } from './silent-log.ts';

/*
 * A process that appends a whole call while PostgreSQL is away, says so, and lives on to be killed.
 * Arguments: database URL, Redis URL, call id.
 */
const [databaseUrl = '', redisUrl = '', callId = ''] = process.argv.slice(2);
const ledger = createLedger({
  pool: createPool(databaseUrl, silentLog),
  redis: createRedis(redisUrl, silentLog),
  log: silentLog,
});
await ledger.start();
for (const entry of answeredCall(callId)) await ledger.append(entry);
process.stdout.write('durable\n');
