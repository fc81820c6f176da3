import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow, callStory, storyKinds, type ApiCall } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import {
  addExpert,
  closePhones,
  expectHeard,
  expertPhone,
  hears,
  type ExpertPhone,
} from '../support/phones.ts';
import { queues, said, type Scene } from '../support/scenes.ts';
import { waitFor } from '../support/wait.ts';

/** The expert hangs up, the citizen stays and is asked; the expert has a wrap-up of a second and takes the next call. */

/** Of the question: what is heard of it before a key cuts it off, or while the machine is busy. */
const question = { key: 'survey/question', seconds: 2 };

let clinic: Clinic;
let e001: string;

beforeAll(async () => {
  clinic = await startClinic({
    env: {
      ...{ SURVEY_ENABLED: 'true', SURVEY_MIN_TALK_SECONDS: '0' },
      ...{ WRAP_UP_SECONDS: '1', MENU_TIMEOUT_SECONDS: '2' },
    },
  });
  e001 = await addExpert(clinic, 'زهرا نوری', 'transport');
});
afterEach(async () => {
  await closePhones();
  if (clinic.pid === 0) await clinic.start();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

/** A citizen has talked with the expert, who hangs up. */
async function leftByExpert(expert: ExpertPhone): Promise<Scene> {
  const scene = await queues(clinic);
  const leg = await expert.nextCall();
  void leg.answer();
  await said(clinic, scene, 'call.answered');
  void leg.hangup();
  await said(clinic, scene, 'segment.ended');
  return scene;
}

const ended = (scene: Scene) => callRow(clinic, scene.id, (row) => row.state === 'ended');
const missing = async (): Promise<string[]> =>
  (await clinic.api<{ items: ApiCall[] }>(`/calls?outcome=missing&expertId=${e001}&limit=50`)).body.items.map(
    ({ id }) => id,
  );

describe('a citizen whom the expert has left', () => {
  it('hears the question, keys 4, hears thanks and goodbye, and the talk has its mark', async () => {
    const expert = await expertPhone(clinic, e001);
    const scene = await leftByExpert(expert);
    await hears(scene.call, question);
    await scene.call.sendDigits('4');
    await said(clinic, scene, 'survey.answered', ({ score }) => score === 4);
    expect(await scene.call.ended).toMatchObject({ by: 'remote' });
    expectHeard(
      scene.call,
      question,
      { key: 'survey/thanks', seconds: 1 },
      { key: 'talk/goodbye', seconds: 2 },
    );
    expect(await ended(scene)).toMatchObject({ ending: 'answered', expertId: e001, surveyScore: 4 });
    const { segments } = await callStory(clinic, scene.id);
    expect(segments).toMatchObject([{ expertId: e001, endedBy: 'expert', surveyScore: 4 }]);
  });

  it('gives no answer by hanging up, and was answered all the same', async () => {
    const scene = await leftByExpert(await expertPhone(clinic, e001));
    await hears(scene.call, question);
    void scene.call.hangup();
    expect(await ended(scene)).toMatchObject({ ending: 'answered', surveyScore: null });
    expect(await storyKinds(clinic, scene.id)).not.toContain('survey.answered');
  });

  it('is asked once more after silence, then hears goodbye', async () => {
    const scene = await leftByExpert(await expertPhone(clinic, e001));
    expect(await scene.call.ended).toMatchObject({ by: 'remote' });
    expectHeard(scene.call, question, question, { key: 'talk/goodbye', seconds: 2 });
    expect(await ended(scene)).toMatchObject({ ending: 'answered', surveyScore: null });
  });

  it('is asked once more after a wrong key, and may answer then before a word is said', async () => {
    const scene = await leftByExpert(await expertPhone(clinic, e001));
    await scene.call.sendDigits('9');
    await scene.call.sendDigits('5');
    await said(clinic, scene, 'survey.answered', ({ score }) => score === 5);
    expect(await scene.call.ended).toMatchObject({ by: 'remote' });
    expect(await ended(scene)).toMatchObject({ surveyScore: 5 });
  });

  it('does not keep the expert from the next one, nor the end of the wrap-up from being heard out', async () => {
    const expert = await expertPhone(clinic, e001);
    const scene = await leftByExpert(expert);
    const next = await queues(clinic, { from: '09121110002' });
    const leg = await expert.nextCall();
    void leg.answer();
    await said(clinic, next, 'call.answered');
    // By the log: the ledger is a moment behind.
    await said(clinic, scene, 'wrap-up.ended');
    expect(clinic.lines).not.toContainEqual(expect.objectContaining({ msg: 'call.ended', callId: scene.id }));
    await scene.call.sendDigits('3');
    await said(clinic, scene, 'survey.answered', ({ expertId }) => expertId === e001);
    void next.call.hangup();
    expect(await ended(scene)).toMatchObject({ surveyScore: 3 });
    expect(await ended(next)).toMatchObject({ surveyScore: null, ending: 'answered' });
  });

  it('is asked again by a successor of the process that died in the middle of it', async () => {
    const scene = await leftByExpert(await expertPhone(clinic, e001));
    await hears(scene.call, question);
    await clinic.kill();
    await clinic.start();
    await said(clinic, scene, 'call.taken-up', ({ citizenHere }) => citizenHere === true);
    await scene.call.sendDigits('2');
    expect(await scene.call.ended).toMatchObject({ by: 'remote' });
    expectHeard(scene.call, question, { key: 'survey/thanks', seconds: 1 });
    expect(await ended(scene)).toMatchObject({ ending: 'answered', surveyScore: 2 });
  });
});

describe('an outcome nobody has set', () => {
  it('is listed, asked for at the next code, and keyed later it is that of the latest talk without one', async () => {
    const expert = await expertPhone(clinic, e001);
    const scene = await leftByExpert(expert);
    void scene.call.hangup();
    await said(clinic, scene, 'wrap-up.ended');
    await ended(scene);
    expect((await missing())[0]).toBe(scene.id);
    const paused = await expert.phone.invite('*46');
    await paused.ended;
    expectHeard(
      paused,
      { key: 'feature/paused', seconds: 1 },
      { key: 'feature/outcome-missing', seconds: 2 },
    );
    const keyed = await expert.phone.invite('*51');
    await keyed.ended;
    expectHeard(keyed, { key: 'feature/outcome-saved-earlier', seconds: 1.5 });
    expect(await callRow(clinic, scene.id, ({ outcome }) => outcome !== null)).toMatchObject({
      outcome: { code: 'resolved', actor: `expert:${e001}` },
    });
    expect(await missing()).not.toContain(scene.id);
  });

  it('is asked for until there is none', async () => {
    const expert = await expertPhone(clinic, e001, { ready: 'none' });
    for (let left = (await missing()).length; left > 0; left -= 1) {
      await expert.dial('*59');
      await waitFor(async () => (await missing()).length === left - 1);
    }
    const keyed = await expert.phone.invite('*59');
    await keyed.ended;
    expectHeard(keyed, { key: 'feature/no-outcome-missing', seconds: 1.5 });
  });
});
