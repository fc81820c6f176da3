/** The transactions' timers; each layer knows all of its own, so that closing it leaves none behind. */

/** Milliseconds (RFC 3261, table 4): estimate of the round trip, longest interval, longest life of a message in the network. */
export const T1 = 500;
export const T2 = 4_000;
export const T4 = 5_000;
/** When an unanswered request, or an answer without its ACK, is given up. */
export const GIVE_UP = 64 * T1;

/** A timer that dies with the layer. */
export function after(layer, milliseconds, action) {
  if (layer.closed) return undefined;
  const timer = setTimeout(() => {
    layer.timers.delete(timer);
    action();
  }, milliseconds);
  layer.timers.add(timer);
  return timer;
}

export function drop(layer, timer) {
  clearTimeout(timer);
  layer.timers.delete(timer);
}

/** Repeats an action at doubling intervals until stopped. */
export function repeat(layer, action, longest) {
  let timer;
  const next = (interval) => {
    timer = after(layer, interval, () => {
      next(Math.min(interval * 2, longest));
      action();
    });
  };
  next(T1);
  return () => drop(layer, timer);
}
