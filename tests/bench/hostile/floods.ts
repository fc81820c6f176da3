import { token } from '../../../src/stack/phone/sip.mjs';
import { createAttacker } from '../../support/hostile/attacker.ts';
import { flood, type FloodResult } from '../../support/hostile/flood.ts';
import { sdp, SDP_TYPE, write } from '../../support/hostile/message.ts';
import { BLOCKED, goodCallsUntil, quantile, UNBLOCKED, type GoodCalls, type Scene } from './scene.ts';

export interface FloodFigures {
  method: string;
  perSecond: number;
  source: 'unblocked' | 'blocked';
  flood: FloodResult;
  calls: GoodCalls;
}

const METHODS = ['INVITE', 'REGISTER'] as const;

/** Good calls one after another while one source floods; each flood from an address of its own. */
export async function runFloods(
  scene: Scene,
  { rates, seconds }: { rates: readonly number[]; seconds: number },
  tell: (line: string) => void,
): Promise<{ quiet: GoodCalls; floods: FloodFigures[] }> {
  const quiet = await goodCallsUntil(new Promise((resolve) => setTimeout(resolve, seconds * 1000)), scene);
  tell(`  without a flood: ${describe(quiet)}`);
  const floods: FloodFigures[] = [];
  let last = 20;
  for (const method of METHODS)
    for (const source of ['unblocked', 'blocked'] as const)
      for (const perSecond of rates) {
        const host = `${source === 'blocked' ? BLOCKED : UNBLOCKED}${(last += 1)}`;
        const body = method === 'INVITE' ? { lines: [SDP_TYPE], body: sdp(host) } : {};
        const attack = flood({ host, total: perSecond * seconds, perSecond }, (origin) =>
          write(origin, { method, ...body }),
        );
        const calls = await goodCallsUntil(attack, scene);
        const figures = { method, perSecond, source, flood: await attack, calls };
        tell(
          `  ${method} ${perSecond}/s, source ${source}: ${describe(calls)}; answers ${JSON.stringify(figures.flood.statuses)}`,
        );
        floods.push(figures);
      }
  return { quiet, floods };
}

const describe = ({ answered, failed, p50, p95 }: GoodCalls): string =>
  `${answered} good calls answered, ${failed} failed, ${Math.round(p50)} ms at the median, ${Math.round(p95)} at 95 %`;

/** How long the answer for an account that is there and for one that is not takes, in milliseconds. */
export async function answerTimes(
  username: string,
  rounds: number,
): Promise<Record<string, { p50: number; p95: number }>> {
  const attacker = await createAttacker({ host: `${UNBLOCKED}5` });
  let answered: () => void = () => undefined;
  attacker.onResponse(() => answered());
  const took: Record<string, number[]> = { there: [], 'not there': [] };
  for (let i = 0; i < rounds; i += 1)
    for (const [which, user] of [
      ['there', username],
      ['not there', 'e997'],
    ] as const) {
      const answer = new Promise<void>((resolve) => (answered = resolve));
      const address = `<sip:${user}@127.0.0.1>`;
      const began = performance.now();
      attacker.send(
        write(attacker.origin, {
          method: 'REGISTER',
          uri: 'sip:127.0.0.1',
          set: { from: `${address};tag=${token()}`, to: address },
        }),
      );
      await answer;
      took[which]?.push(performance.now() - began);
    }
  await attacker.close();
  return Object.fromEntries(
    Object.entries(took).map(([which, times]) => [
      which,
      { p50: quantile(times, 0.5), p95: quantile(times, 0.95) },
    ]),
  );
}
