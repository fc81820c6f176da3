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
