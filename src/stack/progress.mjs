/** Lines that tell how far we are, with the seconds since the start. */

const HEARTBEAT_MS = 10_000;
const began = performance.now();

/** @param {string} text */
export function say(text) {
  process.stdout.write(`${seconds(performance.now() - began).padStart(7)}  ${text}\n`);
}

/** @param {number} milliseconds */
const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(1)} s`;

/**
 * Says what is begun, every ten seconds that it still goes on, and how long it took.
 * @template T
 * @param {string} what
 * @param {(tell: (note: string) => void) => Promise<T>} work tell: what the next heartbeat shows beside the time
 * @returns {Promise<T>}
 */
export async function step(what, work) {
  const since = performance.now();
  let note = '';
  say(`${what} …`);
  const heartbeat = setInterval(() => {
    say(`${what} … ${seconds(performance.now() - since)} so far${note === '' ? '' : `, ${note}`}`);
  }, HEARTBEAT_MS);
  try {
    const result = await work((text) => {
      note = text;
    });
    say(`${what}: done in ${seconds(performance.now() - since)}`);
    return result;
  } finally {
    clearInterval(heartbeat);
  }
}
