import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow, type ApiCall } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone } from '../support/phones.ts';
import { queues, said, type Scene } from '../support/scenes.ts';
import { waitFor } from '../support/wait.ts';

/** Real calls that nobody answered are owed something, until somebody has talked with the citizen. */

let clinic: Clinic;
beforeAll(async () => {
  clinic = await startClinic({ env: { WRAP_UP_SECONDS: '1' } });
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

interface ApiCase {
  id: string;
  state: string;
  reason: string;
  number: string;
  calls: { id: string }[];
  history: { kind: string; data: { reason?: string; callId?: string } }[];
}

async function abandons(from: string): Promise<Scene> {
  const scene = await queues(clinic, { from });
  void scene.call.hangup();
  await callRow(clinic, scene.id);
  return scene;
}

/** The case of a call; sooner than the look that is taken every minute. */
async function caseOf({ id }: Scene, fits: (found: ApiCase) => boolean = () => true): Promise<ApiCase> {
  let found: ApiCase | null = null;
  await waitFor(async () => {
    const { caseId } = (await clinic.api<ApiCall & { caseId: string | null }>(`/calls/${id}`)).body;
    if (caseId === null) return false;
    found = (await clinic.api<ApiCase>(`/cases/${caseId}`)).body;
    return fits(found);
  });
  return found!;
}

describe('a citizen who gives up waiting', () => {
  it('is owed a case, with the redial in it, until an expert is reached', async () => {
    const from = '09121234567';
    const first = await abandons(from);
    expect(await caseOf(first)).toMatchObject({
      ...{ state: 'received', reason: 'abandoned', number: '+989121234567' },
    });
    const again = await abandons(from);
    const joined = await caseOf(again);
    expect(joined.calls.map(({ id }) => id)).toEqual([first.id, again.id]);

    const expert = await expertPhone(clinic, await addExpert(clinic, 'مریم کریمی', 'transport'));
    const reaches = await queues(clinic, { from });
    const offered = await expert.nextCall();
    void offered.answer();
    await said(clinic, reaches, 'call.answered');
    void reaches.call.hangup();
    await offered.ended;
    const closed = await caseOf(first, ({ state }) => state === 'closed');
    expect(closed.history.at(-1)).toMatchObject({
      ...{ kind: 'case.closed', data: { reason: 'reached-expert', callId: reaches.id } },
    });
    await said(clinic, reaches, 'wrap-up.ended');
    await callRow(clinic, reaches.id, ({ state }) => state === 'ended');
  });

  it('without a number is owed nothing anybody could do', async () => {
    const anonymous = await queues(clinic, { from: 'anonymous' });
    void anonymous.call.hangup();
    const { caller } = await callRow(clinic, anonymous.id);
    expect(caller).toBeNull();
    await waitFor(async () => {
      const report = await clinic.api<{ withheld: number }>('/reports/unanswered');
      return report.body.withheld === 1;
    });
  });
});
