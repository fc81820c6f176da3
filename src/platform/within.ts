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
