import { NO_RULES } from '../../src/routing/mechanism.ts';
import { createModel } from '../../src/routing/model.ts';
import { random } from './random.ts';
import { available, POLICY, T0 } from './routing.ts';

/**
 * A flood on the model, in virtual time: so many citizens of transport stand there at once that nobody of finance who comes later
 * would be reached, and as many come on as are served. Experts share the two; citizens of finance are few.
 */

export interface Flood {
  seed: number;
  /** The skills of each expert. */
  experts: readonly (readonly string[])[];
  boundSeconds: number;
  /** How many of finance may be there at once, waiting or in a talk; who comes then is not let in. */
  most: number;
  /** Mean time between two of finance, and the shortest and longest talk. */
  everySeconds: number;
  talkSeconds: readonly [number, number];
  hours: number;
}

export interface Flooded {
  /** Seconds each citizen of finance waited for an expert, those who wait still included. */
  waits: number[];
  /** Of the flood: how many were served, and how they were in order. */
  served: number;
  /** What must not be: a citizen served before an older one of the same queue, or waiting beside an idle expert. */
  faults: string[];
  /** By which rules citizens of finance were served. */
  rules: Set<string>;
}

const PER_EXPERT = 20;

interface Event {
  at: number;
  act: () => void;
}

export function flood(scene: Flood): Flooded {
  const uniform = random(scene.seed);
  let made = 0;
  const rules = { ...NO_RULES, equityBoundMs: scene.boundSeconds * 1000 };
  const model = createModel(POLICY, () => `o${++made}`, rules);
  const events: Event[] = [];
  const queued = new Map<string, { at: number; specialty: string }>();
  const result: Flooded = { waits: [], served: 0, faults: [], rules: new Set() };
  let [count, few] = [0, 0];
  const later = (at: number, act: () => void) => events.push({ at, act });
  const [shortest, longest] = scene.talkSeconds;

  function heed(now: number, offers: ReturnType<typeof model.reconsider>['offers']): void {
    for (const { offerId, callId, specialty, why } of offers) {
      const { at } = queued.get(callId)!;
      queued.delete(callId);
      for (const [id, other] of queued)
        if (other.specialty === specialty && other.at < at) result.faults.push(`${callId} went before ${id}`);
      if (specialty === 'finance') {
        result.waits.push((now - at) / 1000);
        result.rules.add(why.rule);
      } else result.served += 1;
      heed(now, model.accept(now, offerId).offers);
      const talk = 1000 * (shortest + uniform() * (longest - shortest));
      later(now + talk, () => ends(now + talk, callId, specialty));
    }
    for (const expert of model.experts())
      for (const [id, { specialty }] of queued)
        if (available(expert) && expert.specialties.includes(specialty))
          result.faults.push(`${id} waits beside ${expert.expertId}`);
  }

  function comes(now: number, specialty: string): void {
    const callId = `${specialty}-${String(++count).padStart(6, '0')}`;
    queued.set(callId, { at: now, specialty });
    heed(now, model.enqueue(now, { callId, specialty, score: now, queuedAt: now }).offers);
  }

  function ends(now: number, callId: string, specialty: string): void {
    if (specialty === 'finance') few -= 1;
    heed(now, model.release(now, callId, 0).offers);
    if (specialty === 'transport') comes(now, specialty);
  }

  function another(now: number): void {
    if (few < scene.most) {
      few += 1;
      comes(now, 'finance');
    }
    const next = now - 1000 * scene.everySeconds * Math.log(1 - uniform());
    later(next, () => another(next));
  }

  scene.experts.forEach((skills, index) => {
    const id = `e${index}`;
    model.putExpert(T0, id, skills);
    model.setIntent(T0, id, 'ready', null, null);
    model.setReachable(T0, id, true);
  });
  for (let index = 0; index < PER_EXPERT * scene.experts.length; index += 1)
    later(T0 + index, () => comes(T0 + index, 'transport'));
  later(T0 + 60_000, () => another(T0 + 60_000));
  const end = T0 + scene.hours * 3_600_000;
  for (;;) {
    const next = events.reduce((first, one) => (one.at < first.at ? one : first));
    if (next.at > end) break;
    events.splice(events.indexOf(next), 1);
    next.act();
  }
  for (const { at, specialty } of queued.values())
    if (specialty === 'finance') result.waits.push((end - at) / 1000);
  return result;
}
