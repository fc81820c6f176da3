import { describe, expect, it } from 'vitest';
import { chart, growth, type Sample } from '../bench/endurance/growth.ts';

const at = (calls: number, heapBytes: number): Sample => ({
  ...{ calls, heapBytes, rssBytes: 0, emitters: 7, signals: 3, resources: 5 },
});

describe('growth', () => {
  it('is the slope of the line through the samples, noise or not', () => {
    const rising = [at(1000, 10_000), at(2000, 11_000), at(3000, 12_000)];
    expect(growth(rising, ({ heapBytes }) => heapBytes)).toBeCloseTo(1);
    expect(growth(rising, ({ emitters }) => emitters)).toBe(0);
    const noisy = [at(1000, 10_500), at(2000, 9_500), at(3000, 10_500)];
    expect(growth(noisy, ({ heapBytes }) => heapBytes)).toBeCloseTo(0);
  });
});

it('a chart is in Mermaid words, from zero on', () => {
  expect(chart([at(1000, 24_300_000), at(2000, 24_600_000)])).toBe(
    [
      ...['xychart-beta', '  title "Heap after garbage collection, MB"', '  x-axis "calls" [1000, 2000]'],
      ...['  y-axis "MB" 0 --> 40', '  line [24.3, 24.6]'],
    ].join('\n'),
  );
});
