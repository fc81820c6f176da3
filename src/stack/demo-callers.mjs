/** The demo's citizens: eight telephones dial 137 over the trunk, each in its own manner. */
import { setTimeout as pause } from 'node:timers/promises';
import { createCaller } from './phone/demo-people.mjs';
import { createPhone } from './phone/phone.mjs';
import { say } from './telling.mjs';

const APART_MS = 700;
const PATIENCE_SECONDS = 180;
/** An expert's telephone of the demo rings longer than this before it is answered. */
const LEAVES_AFTER_MS = 400;

const patient = (...keys) => keys.map((digit) => ({ digit, afterSeconds: 2.5 }));
const hasty = (...keys) => keys.map((digit) => ({ digit, afterSeconds: 0.3 }));

/** Invented numbers. `leaves`: hangs up instead of waiting to be answered. `mark`: for the talk; the others say nothing. */
const CITIZENS = [
  {
    manner: 'asks about urban planning, and is asked for a mark afterwards',
    from: '09120000001',
    digits: patient('8', '1'),
    mark: '5',
  },
  {
    manner: 'knows the menus and presses at once: transport',
    from: '+989120000002',
    digits: hasty('8', '2'),
    mark: '4',
  },
  {
    manner: 'presses a wrong key first, then urban services',
    from: '09120000003',
    digits: patient('8', '7', '3'),
    mark: '5',
  },
  { manner: 'asks about finance', from: '02188000004', digits: patient('8', '4') },
  {
    manner: 'withholds the number and asks about urban planning',
    from: 'anonymous',
    digits: patient('8', '1'),
  },
  {
    manner: 'hangs up while an expert is rung',
    from: '09120000006',
    digits: patient('8', '2'),
    leaves: true,
  },
  { manner: 'asks about urban services', from: '00989120000007', digits: patient('8', '3') },
  { manner: 'asks about finance, in a hurry', from: '09120000008', digits: hasty('8', '4') },
];

/**
 * @typedef {{ number: number, callId: string, manner: string, heardSeconds: number }} Caller
 *   callId: SIP Call-ID of the call; heardSeconds: how long the expert's voice reached the citizen's telephone
 */

/**
 * Lets them all call, one shortly after another.
 * @param {{ host: string, port: number, headers: Record<string, string> }} trunk
 * @param {(caller: { number: number, callId: string }) => void} onDialled
 * @param {AbortSignal} signal
 * @returns {Promise<Caller[]>} when the last has hung up
 */
export function letThemCall({ host, port, headers }, onDialled, signal) {
  return Promise.all(
    CITIZENS.map(async ({ manner, leaves = false, ...script }, index) => {
      const number = index + 1;
      await pause(index * APART_MS, undefined, { signal });
      say(`caller ${number} dials 137: ${manner}`);
      const dialled = ({ type, callId }) => type === 'dialled' && onDialled({ number, callId });
      const call = leaves ? dialAndLeave : createCaller;
      const report = await call({
        ...script,
        server: { host, port },
        headers,
        patienceSeconds: PATIENCE_SECONDS,
        onEvent: dialled,
      });
      return { number, callId: report.callId, manner, heardSeconds: report.expertHeardSeconds };
    }),
  );
}

/** A citizen who gives up the moment after the last key. */
async function dialAndLeave({ server, headers, from, digits, onEvent }) {
  const phone = await createPhone({ server, username: 'citizen', headers });
  try {
    const call = await phone.invite('137', { from });
    onEvent({ type: 'dialled', callId: call.callId });
    if (await call.answered) {
      for (const { digit, afterSeconds } of digits) {
        await pause(afterSeconds * 1000);
        await call.sendDigits(digit);
      }
      await pause(LEAVES_AFTER_MS);
    }
    await call.hangup();
    return { callId: call.callId, expertHeardSeconds: 0 };
  } finally {
    await phone.close();
  }
}
