/** The demo's twenty experts at their telephones, registered and ready, for as long as the demo lasts. */
import { fault } from './fault.mjs';
import { createExpert } from './phone/demo-people.mjs';

export const EXPERTS = 20;
const AT_ONCE = 5;
const TRIES = 3;
const TALK_SECONDS = /** @type {[number, number]} */ ([10, 20]);
/** Some key an outcome after the talk, some forget. The digits are the outcomes' of the feature code `*5N`. */
const OUTCOME_DIGITS = ['1', null, '2', null, '3', '4'];

/**
 * Gives every expert a new softphone password, registers the telephones and dials `*45` on each.
 * @param {import('./api-client.mjs').Api} api of someone who may issue softphones
 * @param {import('./ending.mjs').Lasting} lasting
 * @throws fault expert-missing
 */
export async function seatExperts(api, { signal, afterwards }) {
  const waiting = Array.from({ length: EXPERTS }, (_, index) => index);
  const seat = async () => {
    for (let index = waiting.shift(); index !== undefined; index = waiting.shift()) {
      signal.throwIfAborted();
      await seatOne(api, index, afterwards);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, seat));
}

async function seatOne(api, index, afterwards) {
  const id = `e${String(index + 1).padStart(3, '0')}`;
  const { username, password, domain, port } = await api.post(`/experts/${id}/softphone`);
  const expert = await createExpert({
    username,
    password,
    server: { host: domain, port },
    talkSeconds: TALK_SECONDS,
    outcomeDigit: OUTCOME_DIGITS[index % OUTCOME_DIGITS.length] ?? null,
  });
  afterwards(() => expert.stop());
  if (await expert.start()) return;
  for (let tried = 1; tried < TRIES; tried += 1) if (await expert.dial('*45')) return;
  throw fault('expert-missing', `The telephone of expert ${id} could not register and dial *45.`);
}
