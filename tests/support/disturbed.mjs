/*
 * Loaded into the application before everything else, by a test that disturbs its process from outside:
 *   SIGWINCH   the event loop does nothing else for five seconds;
 *   SIGURG     the wall clock jumps, an hour back and two hours forth in turn.
 */

const BLOCKED_MS = 5000;
const HOUR_MS = 3_600_000;

process.on('SIGWINCH', () => {
  const until = performance.now() + BLOCKED_MS;
  while (performance.now() < until);
});

const RealDate = Date;
let shift = 0;

globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + shift);
    else super(...args);
  }
  static now() {
    return RealDate.now() + shift;
  }
};

process.on('SIGURG', () => (shift = shift === -HOUR_MS ? HOUR_MS : -HOUR_MS));
