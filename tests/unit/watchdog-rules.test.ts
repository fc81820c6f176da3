import { describe, expect, it } from 'vitest';
import type { ManagerChannel } from '../../src/asterisk/manager.ts';
import { hear, judge, nothingHeard, type Silence } from '../../src/roles/watchdog-rules.ts';

const channel = (kind: string, bridgeId: string | null = null, name = `PJSIP/${kind}-1`): ManagerChannel => ({
  ...{ name, bridgeId, application: 'Stasis', applicationData: `clinic,${kind},x` },
});
const silent: Silence = hear(nothingHeard(0), 'calls.1', 0);

/** Looks at the same channels again and again. */
function watch(channels: readonly ManagerChannel[], ...times: number[]) {
  let silence = silent;
  return times.map((now) => {
    const judged = judge(silence, channels, now);
    ({ silence } = judged);
    return judged.moves.map(({ to }) => to);
  });
}

describe('the watchdog', () => {
  it('takes the waiting on after twenty seconds of silence, not sooner', () => {
    expect(watch([channel('citizen')], 5000, 19_999, 20_000)).toEqual([[], [], ['waiting']]);
  });

  it('counts from the last proof that changed', () => {
    const heard = hear(silent, 'calls.2', 15_000);
    expect(judge(hear(heard, 'calls.2', 30_000), [channel('citizen')], 30_000).moves).toEqual([]);
    expect(judge(heard, [channel('citizen')], 35_000).moves).toHaveLength(1);
  });

  it('lets a talk be, however long the silence', () => {
    const talk = [channel('citizen', 'talk-1'), channel('expert', 'talk-1')];
    expect(watch(talk, 5000, 60_000)).toEqual([[], []]);
  });

  it('frees whoever is alone in a talk for five seconds, and tells citizen from expert', () => {
    expect(watch([channel('citizen', 'talk-1')], 3000, 7999, 8000)).toEqual([[], [], ['left-alone']]);
    expect(watch([channel('expert', 'talk-1')], 3000, 8000)).toEqual([[], ['of-no-use']]);
  });

  it('ends the leg of an expert who has answered and was never joined, and a feature nobody serves', () => {
    expect(watch([channel('expert'), channel('feature')], 3000, 8000)).toEqual([
      [],
      ['of-no-use', 'of-no-use'],
    ]);
  });

  it('leaves alone what is not in the application, and the hand-over of kept calls', () => {
    const elsewhere = { ...channel('citizen'), application: 'Read' };
    expect(watch([elsewhere, channel('missed')], 3000, 60_000)).toEqual([[], []]);
  });

  it('begins to count anew when somebody was seen with another meanwhile', () => {
    const alone = judge(silent, [channel('citizen', 'talk-1')], 3000).silence;
    const joined = judge(alone, [channel('citizen', 'talk-1'), channel('expert', 'talk-1')], 5000).silence;
    expect(judge(joined, [channel('citizen', 'talk-1')], 9000).moves).toEqual([]);
  });
});
