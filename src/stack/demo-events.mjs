/** What happens to calls, in readable lines, as the application's log tells it. */
import { say } from './telling.mjs';

/** How a call came about. */
const ENTRIES = { menu: 'by the menu of 137, key 8', callback: 'we call the citizen back' };

/**
 * Which entries are told, and what of them.
 * @type {Readonly<Record<string, (line: import('./app.mjs').LogLine) => string>>}
 */
const TOLD = {
  'call.entered': ({ callId, entry }) => `${ENTRIES[entry] ?? `by ${entry}`}; id ${callId}`,
  'menu.missed': ({ digit, attempt }) =>
    `${digit === null ? 'no key' : `key ${digit} means nothing`}, attempt ${attempt}`,
  'menu.chosen': ({ specialty, by }) => `${specialty}, by ${by}`,
  'call.queued': ({ specialty, position }) => `${specialty}, place ${position}`,
  'offer.made': ({ expertId, attempt }) => `to ${expertId}, attempt ${attempt}`,
  'offer.ended': ({ result }) => String(result),
  'call.answered': ({ expertId }) => `by ${expertId}`,
  'segment.ended': ({ expertId, by, startedAt, endedAt }) =>
    `with ${expertId} after ${secondsBetween(startedAt, endedAt)} s, by the ${by}`,
  'call.ended': ({ ending }) => String(ending),
  'wrap-up.ended': ({ expertId }) => `${expertId} may be called again`,
  'survey.answered': ({ score, expertId }) => `${score} of 5 for ${expertId}`,
  'callback.tried': ({ result }) => String(result),
  'outcome.set': ({ code }) => String(code),
};
const NAME_WIDTH = Math.max(...Object.keys(TOLD).map((name) => name.length));

const secondsBetween = (from, to) => ((Date.parse(to) - Date.parse(from)) / 1000).toFixed(1);

/**
 * @returns {{ dialled: (caller: { number: number, callId: string }) => void, tell: (line: import('./app.mjs').LogLine) => void }}
 *   dialled: so that the citizens' calls bear their numbers; others, later ones, are numbered on
 */
export function createTeller() {
  const callers = new Map();
  const calls = new Map();
  let most = 0;
  const next = () => (most += 1);
  const nameOf = ({ callId, sipCallId }) => {
    if (!calls.has(callId)) calls.set(callId, callers.get(sipCallId) ?? next());
    return calls.get(callId);
  };
  return {
    dialled({ number, callId }) {
      callers.set(callId, number);
      most = Math.max(most, number);
    },
    tell(line) {
      const describe = TOLD[line.msg ?? ''];
      if (describe === undefined || typeof line['callId'] !== 'string') return;
      say(`call ${nameOf(line)}  ${(line.msg ?? '').padEnd(NAME_WIDTH)}  ${describe(line)}`);
    },
  };
}
