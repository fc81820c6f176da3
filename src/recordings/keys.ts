/** The keys by which an expert pauses the recording of a talk, and by which it goes on. Pure. */

const CODE = '*48';
/** From key to key: who takes longer has begun something else, or has given up. */
const KEY_WITHIN_MS = 4000;

export interface Keyed {
  /** So much of the code. */
  digits: string;
  /** Of the last key, in milliseconds. */
  at: number;
}

export const NOTHING_KEYED: Keyed = { digits: '', at: 0 };

/** One key more; `complete`: with it the code was keyed. A star always begins anew, any other wrong key forgets what was. */
export function press(before: Keyed, digit: string, at: number): { keyed: Keyed; complete: boolean } {
  const isInTime = at - before.at <= KEY_WITHIN_MS;
  const digits = digit !== '*' && isInTime ? before.digits + digit : digit;
  if (digits === CODE) return { keyed: NOTHING_KEYED, complete: true };
  return { keyed: CODE.startsWith(digits) ? { digits, at } : NOTHING_KEYED, complete: false };
}
