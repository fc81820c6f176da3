import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { callRow, type ApiCall } from '../support/calls.ts';
import { startClinic, type Clinic } from '../support/clinic.ts';
import { expectNothingLeft } from '../support/leftovers.ts';
import { closePhones, type CitizenOptions } from '../support/phones.ts';
import { enters } from '../support/scenes.ts';

/** Who calls, as networks write it: the same citizen is one number in the row, and in no log line. */

let clinic: Clinic;

beforeAll(async () => {
  clinic = await startClinic();
});
afterEach(async () => {
  await closePhones();
  await expectNothingLeft(clinic);
});
afterAll(() => clinic.close());

async function rowOf(options: CitizenOptions): Promise<ApiCall & { callerReason: string | null }> {
  const { call, id } = await enters(clinic, options);
  void call.hangup();
  return (await callRow(clinic, id)) as ApiCall & { callerReason: string | null };
}

describe("a citizen's number", () => {
  it.each(['+989351112233', '00989351112233', '989351112233', '09351112233', '9351112233'])(
    'written %s is the same mobile',
    async (from) => {
      expect(await rowOf({ from })).toMatchObject({ caller: '+989351112233', callerReason: null });
    },
  );

  it.each(['88112233', '02188112233', '+982188112233'])(
    'written %s is the same local number',
    async (from) => {
      expect(await rowOf({ from })).toMatchObject({ caller: '+982188112233', callerReason: null });
    },
  );

  it.each(['anonymous', ''])('withheld as "%s" is nobody, with the reason', async (from) => {
    expect(await rowOf({ from })).toMatchObject({ caller: null, callerReason: 'withheld' });
  });

  it('that is no number at all is invalid, and does no harm', async () => {
    expect(await rowOf({ from: '12ab' })).toMatchObject({ caller: null, callerReason: 'invalid' });
  });

  it('asserted by the trunk counts more than what the caller says', async () => {
    const headers = { 'P-Asserted-Identity': '<sip:09127654321@trunk>' };
    expect(await rowOf({ from: '100', headers })).toMatchObject({ caller: '+989127654321' });
  });

  it('asserted but withheld is not kept', async () => {
    const headers = { 'P-Asserted-Identity': '<sip:09127654321@trunk>', Privacy: 'id' };
    expect(await rowOf({ from: 'anonymous', headers })).toMatchObject({
      caller: null,
      callerReason: 'withheld',
    });
  });

  it('stands in no line of the log', async () => {
    await rowOf({ from: '09358887766' });
    expect(JSON.stringify(clinic.lines)).not.toContain('8887766');
  });

  it('is masked for an auditor and whole for a supervisor', async () => {
    const { id } = await rowOf({ from: '09358887766' });
    const seen = async (role: 'auditor' | 'supervisor') =>
      (await clinic.api<ApiCall>(`/calls/${id}`, { token: await clinic.signIn(role) })).body.caller;
    expect(await seen('supervisor')).toBe('+989358887766');
    expect(await seen('auditor')).not.toContain('8887766');
  });
});
