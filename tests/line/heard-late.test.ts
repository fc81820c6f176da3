import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { callRow } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { endWrapUp } from '../support/full-house.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone, type ExpertPhone } from '../support/phones.ts';
import { queues, said, type Scene } from '../support/scenes.ts';

/** What happened while nobody of ours could hear it: it counts as it was, and passes nobody over. */

const WRAP_UP_SECONDS = 5;
/** Longer than the machine needs to tell anybody anything. */
const NEAR_MS = 500;

let clinic: Clinic;

beforeEach(async () => {
  clinic = await startClinic({ env: { RING_SECONDS: '60', WRAP_UP_SECONDS: String(WRAP_UP_SECONDS) } });
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
  await clinic.close();
});

async function hire(name: string): Promise<ExpertPhone> {
  return expertPhone(clinic, await addExpert(clinic, name, 'transport'));
}

async function talks(
  expert: ExpertPhone,
  from: string,
): Promise<{ scene: Scene; leg: Awaited<ReturnType<ExpertPhone['nextCall']>> }> {
  const scene = await queues(clinic, { from });
  const leg = await expert.nextCall();
  void leg.answer();
  await said(clinic, scene, 'call.answered');
  return { scene, leg };
}

describe('a talk that ends while the process is stopped', () => {
  it('is over when the expert hung up, not when the process woke', async () => {
    const expert = await hire('حسین مرادی');
    const { scene, leg } = await talks(expert, '09120000001');
    process.kill(clinic.pid, 'SIGSTOP');
    await pause(1000);
    const hungUpAt = Date.now();
    void leg.hangup();
    await pause(4000);
    process.kill(clinic.pid, 'SIGCONT');
    const { endedAt } = await said(clinic, scene, 'segment.ended');
    expect(Math.abs(Date.parse(String(endedAt)) - hungUpAt)).toBeLessThan(NEAR_MS);
    await endWrapUp(clinic, expert);
    void scene.call.hangup();
    await callRow(clinic, scene.id);
  });
});

describe('a telephone that leaves while no process is there', () => {
  it('costs the citizen it rang for no turn: an expert whose wrap-up ended meanwhile is theirs, not a later one’s', async () => {
    const [first, second] = [await hire('حسین مرادی'), await hire('مریم کاظمی')];
    const before = await talks(first, '09120000001');
    const older = await queues(clinic, { from: '09120000002' });
    const rung = await second.nextCall();
    rung.ringing();
    const newer = await queues(clinic, { from: '09120000003' });
    void before.scene.call.hangup();
    await said(clinic, before.scene, 'segment.ended');
    await clinic.kill();
    void rung.hangup();
    expect((await second.phone.register({ expires: 0, renew: false })).ok).toBe(true);
    await pause((WRAP_UP_SECONDS + 1) * 1000);
    const logged = clinic.lines.length;
    await clinic.start();
    const at = (msg: string) => {
      const line = clinic.lines.slice(logged).find((one) => one.msg === msg);
      return Date.parse(String(line?.['time']));
    };
    // What nobody on the line waits for comes after the calls, or after two seconds.
    const patience = at('process.started') + 2000;
    expect(at('web.listening')).toBeGreaterThan(Math.min(at('calls.reconciled'), patience));
    const leg = await first.nextCall();
    void leg.answer();
    await said(clinic, older, 'call.answered');
    const rings = clinic.lines.filter(({ msg }) => msg === 'offer.made').map(({ callId }) => callId);
    expect(rings.slice(0, 3)).toEqual([before.scene.id, older.id, older.id]);
    for (const { call } of [newer, older]) void call.hangup();
    for (const { id } of [newer, older]) await callRow(clinic, id, (row) => row.state === 'ended');
  });
});
