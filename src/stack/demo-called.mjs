/** The demo's citizens at home: whoever is called back answers, listens to who calls, and wants to talk. */
import { setTimeout as pause } from 'node:timers/promises';
import { createPhone } from './phone/phone.mjs';
import { say } from './telling.mjs';

const RINGS_MS = 2_000;
/** Long enough to have heard who calls. */
const LISTENS_MS = 7_000;

/**
 * @param {{ trunk: { host: string, port: number }, callbackTarget: string }} sip
 * @param {{ afterwards: (end: () => unknown) => void }} lasting
 */
export async function answerCallbacks({ trunk, callbackTarget }, { afterwards }) {
  const port = Number(callbackTarget.split(':').at(-1));
  const { host } = trunk;
  try {
    const phone = await createPhone({
      server: { host, port: trunk.port },
      username: 'citizen',
      port,
    });
    afterwards(() => phone.close());
    phone.onInvite((call) => void answer(call));
  } catch (error) {
    if (error.code !== 'EADDRINUSE') throw error;
    say(`somebody else answers callbacks at ${callbackTarget}`);
  }
}

async function answer(call) {
  say(`the citizen ${call.target} is called back`);
  call.ringing();
  await Promise.race([pause(RINGS_MS), call.ended]);
  if (call.state === 'ended' || !(await call.answer())) return;
  await Promise.race([pause(LISTENS_MS), call.ended]);
  if (call.state !== 'ended') await call.sendDigits('1');
}
