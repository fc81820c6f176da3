import { expect, it } from 'vitest';
import { passes, run } from '../bench/month.ts';

/** Some days of the simulated month: the whole of it is `npm run bench -- month`. */

it('leaves no call without its one ending and no promise unkept and untold', async () => {
  const result = await run(['--citizens', '300', '--days', '3', '--experts', '5'], () => undefined);
  expect(result).toMatchObject({ uncounted: 0, notEndedOnce: 0, unanswered: 0, stillOwed: 0 });
  expect(passes(result)).toBe(true);
  const endings = result['endings'] as Record<string, number>;
  expect(Object.keys(endings).sort()).toEqual(
    expect.arrayContaining(['abandoned', 'answered', 'callback', 'closed', 'voicemail']),
  );
  expect(passes({ ...result, unanswered: 1 })).toBe(false);
}, 240_000);
