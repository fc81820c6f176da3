import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { bundle } from '../../esbuild.config.mjs';
import { projectPath } from '../../src/platform/root.ts';
import { callRow } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { addExpert, closePhones, expertPhone } from '../support/phones.ts';
import { queues, said } from '../support/scenes.ts';

/** The program as it is shipped, in few files: everything it reads beside itself is found, and a call goes through. */

let folder: string;
let clinic: Clinic;

beforeAll(async () => {
  folder = mkdtempSync(projectPath('node_modules', '.compiled-'));
  await bundle(join(folder, 'main.js'));
  clinic = await startClinic({ program: [join(folder, 'main.js')], env: { WRAP_UP_SECONDS: '1' } });
});
afterAll(async () => {
  await closePhones();
  await clinic.close();
  rmSync(folder, { recursive: true });
});

it('takes a call, answers for it over HTTP, and ends in order', async () => {
  const expert = await expertPhone(clinic, await addExpert(clinic, 'حسین مرادی', 'transport'));
  const scene = await queues(clinic);
  void (await expert.nextCall()).answer();
  await said(clinic, scene, 'call.answered');
  void scene.call.hangup();
  expect(await callRow(clinic, scene.id, (row) => row.state === 'ended')).toMatchObject({
    ending: 'answered',
  });
  await expectNothingLeft(clinic);
  expect(await clinic.stop()).toBe(0);
}, 60_000);
