/** What the application held when so many calls were over and none was up. */
export interface Sample {
  calls: number;
  heapBytes: number;
  rssBytes: number;
  /** Event emitters and abort signals: who listens hangs on one of them. */
  emitters: number;
  signals: number;
  /** Sockets, timers and the like that keep the event loop alive. */
  resources: number;
}

/** By how much `of` grows with one call: the slope of the line closest to all points. */
export function growth(samples: readonly Sample[], of: (sample: Sample) => number): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const calls = mean(samples.map((sample) => sample.calls));
  const level = mean(samples.map(of));
  const [up, across] = samples.reduce(
    ([above, below], sample) => {
      const off = sample.calls - calls;
      return [above + off * (of(sample) - level), below + off * off];
    },
    [0, 0],
  );
  return up / across;
}

/** A chart for the README, in Mermaid's words. */
export function chart(samples: readonly Sample[]): string {
  const megabytes = samples.map(({ heapBytes }) => (heapBytes / 1e6).toFixed(1));
  const top = Math.ceil((Math.max(...samples.map(({ heapBytes }) => heapBytes)) * 1.5) / 1e7) * 10;
  return [
    'xychart-beta',
    '  title "Heap after garbage collection, MB"',
    `  x-axis "calls" [${samples.map(({ calls }) => calls).join(', ')}]`,
    `  y-axis "MB" 0 --> ${top}`,
    `  line [${megabytes.join(', ')}]`,
  ].join('\n');
}
