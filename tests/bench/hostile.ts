import { parseArgs } from 'node:util';
import { goodCall } from '../support/hostile/good-call.ts';
import { answerTimes, runFloods } from './hostile/floods.ts';
import { throwMutants } from './hostile/mutants.ts';
import { withScene } from './hostile/scene.ts';
import { runTools } from './hostile/tools.ts';

/**
 * Hostile clients at full size, beside the short form in tests/line/hostile*.test.ts: mutants by the hundred thousand,
 * SIPVicious, floods with good calls in between. Everything on loopback, everything ends by itself.
 *
 * `--mutants 100000 --rates 200,1000,3000 --seconds 10`
 */
export async function run(
  args: readonly string[],
  tell: (line: string) => void,
): Promise<Record<string, unknown>> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      mutants: { type: 'string', default: '100000' },
      rates: { type: 'string', default: '200,1000,3000' },
      seconds: { type: 'string', default: '10' },
    },
  });
  const rates = values.rates.split(',').map(Number);
  return await withScene(async (scene) => {
    tell('Answers for an account that is there and one that is not');
    const times = await answerTimes(scene.spare.username, 1_000);
    tell(`  ${JSON.stringify(times)} (ms)`);
    tell('SIPVicious');
    const tools = await runTools(scene, tell);
    tell('Floods from one source');
    const floods = await runFloods(scene, { rates, seconds: Number(values.seconds) }, tell);
    tell('Mutants');
    const mutants = await throwMutants(Number(values.mutants), tell);
    const faults = await scene.seen.faults();
    const after = await goodCall(scene.clinic, scene.expert);
    const memoryMb = scene.seen.memoryMb();
    tell(
      `Faults: ${faults.length === 0 ? 'none' : faults.join('; ')}; the next good call: ${after.ending}; memory ${JSON.stringify(memoryMb)} MB`,
    );
    return { times, tools, ...floods, mutants, faults, goodCallAfter: after.ending, memoryMb };
  });
}
