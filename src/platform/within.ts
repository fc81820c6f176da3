/**
 * Waits for the promise, at most so long; resolves either way. What the promise comes to is its own affair: a fault before
 * the time is over is thrown, a later one is not this function's.
 */
export async function within(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    await Promise.race([promise, patience]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * What the work comes to, where that is soon: for what nobody on the line shall wait for. Never throws.
 * @param limit otherwise: the answer where there is none in time; onFault: hears of a fault that came in time, a later one is nobody's
 */
export async function answerWithin<T>(
  work: Promise<T>,
  { ms, otherwise, onFault }: { ms: number; otherwise: T; onFault: (error: unknown) => void },
): Promise<T> {
  let answer = otherwise;
  const answered = work.then((value) => {
    answer = value;
  });
  try {
    await within(answered, ms);
  } catch (error) {
    onFault(error);
  }
  return answer;
}

const LISTENS = 10;

/**
 * Calls back once this process has listened for so long in vain. The time in which its loop was blocked counts little: an
 * answer that came meanwhile is read first.
 * @returns stops it
 */
export function listenedFor(ms: number, onOver: () => void): () => void {
  let left = LISTENS;
  const listen = (): void => {
    left -= 1;
    if (left < 0) onOver();
    else timer = setTimeout(listen, ms / LISTENS);
  };
  let timer: NodeJS.Timeout | undefined;
  listen();
  return () => clearTimeout(timer);
}
