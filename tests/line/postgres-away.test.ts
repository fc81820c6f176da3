import { describe, it } from 'vitest';
import { nobodyNotices, onPrivatePostgres } from '../support/private-postgres.ts';

/** PostgreSQL goes away for ten seconds in mid-call: callers notice nothing, every entry arrives once and in order. */

const AWAY_MS = 10_000;
const scene = onPrivatePostgres();

describe('PostgreSQL away', () => {
  it('neither a talk under way nor a new call notices', async () => {
    const { postgres } = scene();
    await nobodyNotices(scene(), AWAY_MS, async () => {
      await postgres.kill();
      return () => postgres.start();
    });
  }, 90_000);
});
