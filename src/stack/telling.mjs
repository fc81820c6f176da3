/** Lines that tell how far a command is, with the seconds since its start. */

const TELL_AGAIN_MS = 10_000;
const began = performance.now();

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;

/** @param {string} line */
export function say(line) {
  process.stdout.write(`${seconds(performance.now() - began).padStart(8)}  ${line}\n`);
}

/**
 * A step that may take a while: told when it begins, every ten seconds that it goes on, and at its end.
 * @template T
 * @param {string} what
 * @param {(tell: (note: string) => void) => Promise<T>} work tell: what the next line shows beside the time
 * @returns {Promise<T>}
 */
export async function step(what, work) {
  const since = performance.now();
  let note = '';
  say(`${what} …`);
  const timer = setInterval(
    () => say(`${what} … ${seconds(performance.now() - since)} so far${note}`),
    TELL_AGAIN_MS,
  );
  try {
    const result = await work((text) => (note = `, ${text.trim().slice(0, 80)}`));
    say(`${what}: ${seconds(performance.now() - since)}`);
    return result;
  } finally {
    clearInterval(timer);
  }
}
