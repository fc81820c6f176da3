/** Small tools that keep news and reloads from overtaking each other. */

/** Runs tasks one after another; each caller gets its own task's result or fault. */
export function createSerial(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const run = last.then(task, task);
    last = run.catch(() => undefined);
    return run;
  };
}

/**
 * Which things had news since a moment: a picture that was taken before the news must not be put over it.
 * `const taken = marks.now()` … read … `if (!marks.newsSince(id, taken)) apply`.
 */
export interface Marks {
  mark(id: string): void;
  now(): number;
  newsSince(id: string, moment: number): boolean;
}

export function createMarks(): Marks {
  const latest = new Map<string, number>();
  let count = 0;
  return {
    mark: (id) => void latest.set(id, ++count),
    now: () => count,
    newsSince: (id, moment) => (latest.get(id) ?? 0) > moment,
  };
}
