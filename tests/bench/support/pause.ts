import { setTimeout } from 'node:timers/promises';

/** For what a benchmark lets last: how long a fault goes on, or calls before it. Never to wait for something to happen. */
export const pause = (ms: number): Promise<void> => setTimeout(ms);
