import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { answerWithin } from '../../src/platform/within.ts';

/** What nobody on the line waits for longer than a moment. */

const faults: unknown[] = [];
const limit = { ms: 20, otherwise: 0, onFault: (error: unknown) => void faults.push(error) };
const never = new Promise<number>(() => undefined);

describe('an answer that is wanted soon', () => {
  it('is what the work comes to', async () => {
    expect(await answerWithin(Promise.resolve(7), limit)).toBe(7);
    expect(faults).toEqual([]);
  });

  it('is the other one where none comes in time, or comes later', async () => {
    expect(await answerWithin(never, limit)).toBe(0);
    const late = sleep(60, 7);
    expect(await answerWithin(late, limit)).toBe(0);
    await late;
    expect(faults).toEqual([]);
  });

  it('is the other one where the work fails, which is told; a later fault is nobody’s', async () => {
    const broken = new Error('away');
    expect(await answerWithin(Promise.reject(broken), limit)).toBe(0);
    expect(faults).toEqual([broken]);
    const failsLate = sleep(60).then(() => Promise.reject(new Error('late')));
    expect(await answerWithin(failsLate, limit)).toBe(0);
    // An unhandled rejection would end the run.
    await sleep(80);
    expect(faults).toEqual([broken]);
  });
});
