import { createAttacker, type AttackerOptions } from './attacker.ts';
import type { Origin } from './message.ts';

export interface FloodResult {
  sent: number;
  /** How many answers of each status came back while it lasted. */
  statuses: Record<number, number>;
}

const TICK_MS = 10;

/**
 * Sends `total` messages at a rate, from one source, and stops by itself.
 * @param make a fresh message each time
 */
export async function flood(
  options: AttackerOptions & { total: number; perSecond: number },
  make: (origin: Origin) => Buffer,
): Promise<FloodResult> {
  const attacker = await createAttacker(options);
  const statuses: Record<number, number> = {};
  attacker.onResponse(({ status }) => (statuses[status] = (statuses[status] ?? 0) + 1));
  const began = performance.now();
  let sent = 0;
  await new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      const due = Math.min(
        options.total,
        Math.ceil(((performance.now() - began) / 1000) * options.perSecond),
      );
      for (; sent < due; sent += 1) attacker.send(make(attacker.origin));
      if (sent < options.total) return;
      clearInterval(timer);
      resolve();
    }, TICK_MS);
  });
  await attacker.close();
  return { sent, statuses };
}
