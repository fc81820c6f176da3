import { hash, verify } from '@node-rs/argon2';
import { fault } from '../platform/fault.ts';

/**
 * argon2id with the library's parameters (19 MiB, two passes, one lane), which are the ones OWASP asks for; some 25 ms.
 * It runs on libuv's four threads, which the whole process shares: at most two at once, and no endless line before
 * them, so that a flood of sign-ins cannot slow the calls.
 */
const AT_ONCE = 2;
const WAITING_AT_MOST = 64;

/** Checked in place of an account nobody has, so that the answer takes as long. Of a random password, thrown away. */
let nobodysHash: Promise<string> | null = null;

let running = 0;
const waiting: (() => void)[] = [];

/** @throws fault `sign-in-busy` when too many are being hashed already. */
export async function hashPassword(password: string): Promise<string> {
  return inTurn(() => hash(normal(password)));
}

/**
 * True when the password is the hash's own. hash null: nobody has this name; takes as long and is false.
 * @throws fault `sign-in-busy` when too many are being checked already.
 */
export async function passwordMatches(storedHash: string | null, password: string): Promise<boolean> {
  nobodysHash ??= hash(crypto.randomUUID());
  const against = storedHash ?? (await nobodysHash);
  const matches = await inTurn(() => verify(against, normal(password)));
  return matches && storedHash !== null;
}

/** The same text typed on another keyboard may be composed of other code points. */
function normal(password: string): string {
  return password.normalize('NFKC');
}

async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (running >= AT_ONCE) {
    if (waiting.length >= WAITING_AT_MOST)
      throw fault('sign-in-busy', 'Too many passwords are being checked');
    await new Promise<void>((resolve) => waiting.push(resolve));
  } else {
    running += 1;
  }
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  }
}
