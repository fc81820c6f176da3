import type { Clinic } from './clinic.ts';
import { waitFor } from './wait.ts';

/** What `/readyz` says: its status, and part → whether it works. */
export async function readyz(
  clinic: Pick<Clinic, 'url'>,
): Promise<{ status: number; parts: Record<string, boolean> }> {
  const answer = await fetch(`${clinic.url}/readyz`);
  const { parts = {} } = (await answer.json()) as { parts?: Record<string, boolean> };
  return { status: answer.status, parts };
}

/** Waits until `/readyz` says 503 and names this part. @returns after how many milliseconds */
export async function missing(clinic: Pick<Clinic, 'url'>, part: string, withinMs = 10_000): Promise<number> {
  const since = performance.now();
  await waitFor(async () => {
    const { status, parts } = await readyz(clinic);
    return status === 503 && parts[part] === false;
  }, withinMs);
  return performance.now() - since;
}

/** Waits until `/readyz` says that calls can be taken. @returns after how many milliseconds */
export async function ready(clinic: Pick<Clinic, 'url'>, withinMs = 15_000): Promise<number> {
  const since = performance.now();
  await waitFor(async () => (await readyz(clinic)).status === 200, withinMs);
  return performance.now() - since;
}
