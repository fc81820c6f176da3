import { afterEach } from 'vitest';
import { lastLogged } from './clinic.ts';

/** A test by real calls that fails shows what the application said: where it ran, nothing else is left of it. */
afterEach(({ task }) => {
  if (task.result?.state !== 'fail') return;
  process.stderr.write(`The last lines of the log when «${task.name}» failed:\n${lastLogged()}\n`);
});
