import { SPECIALTY_BY_DIGIT } from '../../../src/calls/specialties.ts';
import type { Chance } from '../../support/random.ts';
import type { Shift } from './line.ts';
import { exponential, type Visit } from './people.ts';

/** Who calls when, and which experts are there: drawn anew for each day. Times: milliseconds since midnight. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const [DAY_FROM, DAY_TO] = [7 * HOUR, 20 * HOUR];
const [OPENS, CLOSES] = [8 * HOUR, 16 * HOUR];
/** Calls in each hour from 8 to 16, in parts of a hundred; the rest comes when nobody answers. */
const PROFILE = [9, 15, 17, 13, 9, 9, 11, 8];
const WEIGHTS = ['1', '1', '2', '2', '2', '3', '3', '3', '4'];
/** Of the numbers that call in a month; some call often. */
const NUMBERS_PER_CALL = 0.8;
const MEAN_PATIENCE = 9 * MINUTE;

export function visitsOf(count: number, all: number, chance: Chance): Visit[] {
  return Array.from({ length: count }, () => {
    const number = chance.whole(0, Math.ceil(all * NUMBERS_PER_CALL));
    return {
      at: arrival(chance),
      caller: chance.percent(2) ? '' : `0912${String(number).padStart(7, '0')}`,
      digit: chance.pick(WEIGHTS),
      patienceMs: 40_000 + exponential(chance, MEAN_PATIENCE),
    };
  });
}

function arrival(chance: Chance): number {
  let part = chance.whole(1, 100);
  for (const [hour, share] of PROFILE.entries()) {
    part -= share;
    if (part <= 0) return OPENS + hour * HOUR + chance.whole(0, HOUR - 1);
  }
  return chance.percent(30) ? chance.whole(DAY_FROM, OPENS) : chance.whole(CLOSES, DAY_TO);
}

const SKILLS = Object.values(SPECIALTY_BY_DIGIT);

/** Each has two specialties; some are absent, come late, go early, and all have a break. */
export function shiftsOf(experts: number, chance: Chance): Shift[] {
  return Array.from({ length: experts }, (_, index): Shift | null => {
    if (chance.percent(8)) return null;
    const lunch = chance.whole(11.5 * HOUR, 13 * HOUR);
    const tea = chance.whole(9 * HOUR, 10.5 * HOUR);
    return {
      expertId: `e${String(index + 1).padStart(3, '0')}`,
      skills: [SKILLS[index % SKILLS.length]!, SKILLS[(index + 1) % SKILLS.length]!],
      from: OPENS - chance.whole(-10, 15) * MINUTE,
      to: CLOSES + chance.whole(5, 20) * MINUTE,
      breaks: [
        { from: tea, to: tea + chance.whole(5, 15) * MINUTE },
        { from: lunch, to: lunch + 30 * MINUTE },
      ],
    };
  }).filter((shift) => shift !== null);
}
