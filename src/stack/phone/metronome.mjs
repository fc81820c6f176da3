/**
 * One beat of 20 ms for all calls of the process: fifty timers a second per call would cost more than the sound itself.
 * It beats by the monotonic clock and makes up for late ticks, so that the other side's buffer neither runs dry nor
 * grows.
 */

const BEAT_MS = 20;
/** After a longer stall (a stopped process) the missed beats are left out, not sent in a burst. */
const MOST_AT_ONCE = 10;

/** @type {Map<object, { action: () => void, due: number }>} */
const players = new Map();
let timer = null;

/**
 * @param {() => void} action called once in 20 ms on average
 * @returns {() => void} stops it; without players no timer is left
 */
export function everyFrame(action) {
  const key = {};
  players.set(key, { action, due: performance.now() });
  timer ??= setInterval(beat, BEAT_MS / 2);
  return () => {
    players.delete(key);
    if (players.size > 0 || timer === null) return;
    clearInterval(timer);
    timer = null;
  };
}

function beat() {
  const now = performance.now();
  for (const player of [...players.values()]) {
    if (now - player.due > MOST_AT_ONCE * BEAT_MS) player.due = now;
    while (player.due <= now) {
      player.due += BEAT_MS;
      player.action();
    }
  }
}
