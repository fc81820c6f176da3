/**
 * Time that passes only when told to: timers fire in order, each after all that the one before it brought about. While it is
 * installed it stands in for the timers and the clock of this process, so that code under test needs to know nothing of it.
 */
export interface VirtualTime {
  /** Milliseconds since the epoch. */
  now(): number;
  after(ms: number, act: () => void): number;
  cancel(timer: number): void;
  /** Lets time pass until then, or until `over` says so. */
  runUntil(at: number, over?: () => boolean): Promise<void>;
  uninstall(): void;
}

interface Timer {
  id: number;
  at: number;
  act: () => void;
}

const REAL = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  dateNow: Date.now,
};
const { setImmediate: soon } = globalThis;

export function installVirtualTime(start: number): VirtualTime {
  let now = start;
  let last = 0;
  const heap: Timer[] = [];
  const live = new Map<number, Timer>();

  function after(ms: number, act: () => void): number {
    const timer = { id: ++last, at: now + Math.max(0, ms), act };
    live.set(timer.id, timer);
    push(heap, timer);
    return timer.id;
  }

  function every(ms: number, act: () => void): number {
    const id = ++last;
    const again = () => {
      const timer = { id, at: now + Math.max(1, ms), act: run };
      live.set(id, timer);
      push(heap, timer);
    };
    const run = () => {
      again();
      act();
    };
    again();
    return id;
  }

  const cancel = (id: number) => void live.delete(id);

  Object.assign(globalThis, {
    setTimeout: (act: () => void, ms = 0) => after(ms, act),
    setInterval: (act: () => void, ms = 0) => every(ms, act),
    clearTimeout: cancel,
    clearInterval: cancel,
  });
  Date.now = () => now;

  return {
    now: () => now,
    after,
    cancel,
    runUntil: async (at, over = () => false) => {
      await settled();
      for (let next = heap[0]; next !== undefined && next.at <= at && !over(); next = heap[0]) {
        pop(heap);
        if (live.get(next.id) !== next) continue;
        live.delete(next.id);
        now = next.at;
        next.act();
        await settled();
      }
      if (!over()) now = Math.max(now, at);
    },
    uninstall: () => {
      const { dateNow, ...timers } = REAL;
      Object.assign(globalThis, timers);
      Date.now = dateNow;
    },
  };
}

/** Whatever is promised already has come about: promises are kept before the next turn of the event loop. */
const settled = () => new Promise<void>((resolve) => void soon(resolve));

const before = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.id < b.id);

function push(heap: Timer[], timer: Timer): void {
  let at = heap.push(timer) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(heap[at]!, heap[parent]!)) break;
    [heap[at], heap[parent]] = [heap[parent]!, heap[at]!];
    at = parent;
  }
}

function pop(heap: Timer[]): void {
  const end = heap.pop()!;
  if (heap.length === 0) return;
  heap[0] = end;
  for (let at = 0; ;) {
    const [left, right] = [2 * at + 1, 2 * at + 2];
    let first = at;
    if (left < heap.length && before(heap[left]!, heap[first]!)) first = left;
    if (right < heap.length && before(heap[right]!, heap[first]!)) first = right;
    if (first === at) return;
    [heap[at], heap[first]] = [heap[first]!, heap[at]!];
    at = first;
  }
}
