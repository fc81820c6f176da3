import { createAttacker, probe, type AttackerOptions } from '../../support/hostile/attacker.ts';
import { seeds, structureMutant, zzufMutants } from '../../support/hostile/mutants.ts';
import { random } from '../../support/random.ts';
import { torture } from '../../support/hostile/torture.ts';
import { UNBLOCKED } from './scene.ts';

/** At a time: what the socket's buffer takes at once. */
const PART = 50;
/** Mutants of one seed range: one run of zzuf. */
const RUN = 500;

export interface Thrown {
  sent: number;
  answered: number;
  seconds: number;
}

/**
 * Throws `total` mutants of right messages and of RFC 4475's, alternately as stranger and as trunk; three of four by zzuf,
 * the fourth by structure. The seeds are the same in every run.
 */
export async function throwMutants(total: number, tell: (line: string) => void): Promise<Thrown> {
  const began = performance.now();
  const next = random(137);
  let sent = 0;
  let answered = 0;
  for (let round = 0; sent < total; round += 1) {
    const options = { host: `${UNBLOCKED}${10 + (round % 100)}`, trunk: round % 2 === 1 };
    const count = Math.min(RUN, total - sent);
    answered += await throwRun(options, (originals) => {
      const original = originals[round % originals.length]!;
      if (round % 4 === 3)
        return Promise.resolve(Array.from({ length: count }, () => structureMutant(original, next)));
      return zzufMutants(original, round * RUN, count);
    });
    sent += count;
    if (round % 20 === 19) tell(`  ${sent} mutants sent, ${answered} answers`);
  }
  return { sent, answered, seconds: Math.round((performance.now() - began) / 1000) };
}

async function throwRun(
  options: AttackerOptions,
  make: (originals: Buffer[]) => Promise<Buffer[]>,
): Promise<number> {
  const attacker = await createAttacker(options);
  const originals = [...seeds(attacker.origin), ...torture.map((message) => message.write(attacker.origin))];
  const mutants = await make(originals);
  for (let i = 0; i < mutants.length; i += PART) {
    for (const mutant of mutants.slice(i, i + PART)) attacker.send(mutant);
    await probe();
  }
  await attacker.close();
  return attacker.responses.length;
}
