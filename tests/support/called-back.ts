import type { Clinic } from './clinic.ts';
import { waitFor } from './wait.ts';
import { hears, hearsOneOf, inTurn, openPhone, type InboundCall } from './phones.ts';
import { queues, type Scene } from './scenes.ts';
import { testStack } from './stack.ts';
import { callRow } from './calls.ts';

/** Citizens who want to be called back, and the telephone at which all of them are called. */

/** What the application is given so that it calls the citizens of the tests' own stack. */
export const callsBack = (): Record<string, string> => ({
  CALLBACK_TRUNK: testStack().sip.callbackTrunk,
  CALLBACK_RING_SECONDS: '10',
  CALLBACK_ABANDONED: 'false',
});

export interface CitizensTelephone {
  /** The next call; one that came while nobody waited is given first. */
  nextCall(): Promise<InboundCall>;
  /** How many calls have come so far. */
  calls(): number;
}

/** The telephone behind the outbound trunk. */
export async function citizensTelephone(): Promise<CitizensTelephone> {
  const { trunk, callbackTarget } = testStack().sip;
  const port = Number(callbackTarget.split(':').at(-1));
  const phone = await openPhone({
    server: { host: trunk.host, port: trunk.port },
    ...{ username: 'citizen', port },
  });
  let calls = 0;
  const nextCall = inTurn(phone, () => (calls += 1));
  return { nextCall, calls: () => calls };
}

/** A citizen in the queue who asks to be called back on the own number and hangs up. */
export async function asksToBeCalled(clinic: Clinic, from: string): Promise<Scene> {
  const scene = await queues(clinic, { from });
  await wishes(scene);
  void scene.call.hangup();
  await callRow(clinic, scene.id, ({ ending }) => ending === 'callback');
  return scene;
}

/** Keys 1 until it is taken: a key in the first moments in the queue is taken for the menu's. */
async function wishes({ call }: Scene): Promise<void> {
  await hears(call, { key: 'queue/in-line', seconds: 0.5 });
  await hearsOneOf(call, ['talk/connecting', 'queue/please-wait'], 1);
  await call.sendDigits('1');
  await hears(call, { key: 'fallback/other-number', seconds: 1 });
}

export interface ApiCase {
  id: string;
  state: string;
  calls: { id: string; direction: string; ending: string | null }[];
  history: { kind: string; data: Record<string, unknown> }[];
  callback: { state: string; dueAt: string; attempts: number; result: string | null } | null;
}

/** The case of the call in which the promise was given, as soon as it is as wanted. */
export async function caseOf(
  clinic: Clinic,
  { id }: Scene,
  fits: (found: ApiCase) => boolean = ({ callback }) => callback !== null,
  withinMs = 20_000,
): Promise<ApiCase> {
  let found: ApiCase | null = null;
  const asWanted = async () => {
    const { caseId } = (await clinic.api<{ caseId: string | null }>(`/calls/${id}`)).body;
    if (caseId === null) return false;
    found = (await clinic.api<ApiCase>(`/cases/${caseId}`)).body;
    return fits(found);
  };
  await waitFor(asWanted, withinMs, 250).catch((cause: unknown) => {
    throw new Error(`The case stays ${JSON.stringify(found)}`, { cause });
  });
  return found!;
}

/** The promise waits in the queue for an expert. */
export const isNext = (clinic: Clinic, scene: Scene): Promise<ApiCase> =>
  caseOf(clinic, scene, ({ callback }) => callback?.state === 'live');

/** What staff say of the citizen's callback; the case as it stands at that moment. */
export async function decide(clinic: Clinic, scene: Scene, method: 'PUT' | 'DELETE', body?: object) {
  const { id } = await caseOf(clinic, scene);
  const path = `/cases/${id}`;
  const headers = { 'if-match': (await clinic.api(path)).headers.get('etag') ?? '' };
  const wanted = { method, headers, ...(body === undefined ? {} : { body }) };
  return clinic.api<ApiCase>(`${path}/callback`, wanted);
}
