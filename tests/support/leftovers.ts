import type { Clinic } from './clinic.ts';
import { testStack, type TestStack } from './stack.ts';
import { waitFor } from './wait.ts';

/** How long after a test's last hang-up the exchange and the queues may still be tidying up. */
const TIDY_WITHIN_MS = 5_000;

/** Live calls by the application's own count; an expert's wrap-up may still run. */
async function leftInProcess(clinic: Clinic): Promise<string[]> {
  const metrics = await (await fetch(`${clinic.url}/metrics`)).text();
  const live = [...metrics.matchAll(/^clinic_calls_live\{state="([a-z-]+)"\} ([0-9]+)$/gm)];
  return live
    .filter(([, state, count]) => state !== 'wrap-up' && count !== '0')
    .map(([, state, count]) => `${count} live calls in ${state}`);
}

interface QueueRow {
  specialty: string;
  waiting: number;
  ringing?: number;
  talking: number;
}

interface ExpertRow {
  id: string;
  status: { activity: string; callId: string | null } | null;
}

/**
 * After a test no channel and no bridge may be left in Asterisk, nobody in a queue, no expert reserved or in a talk
 * (wrap-up is the expert's own time and may still run). What is left is named.
 * @param clinic left out where the application is dead on purpose
 * @param exchange another Asterisk than the stack's
 */
export async function expectNothingLeft(clinic?: Clinic, exchange?: TestStack['ari']): Promise<void> {
  let left: string[] = [];
  const tidy = async () => {
    left = [
      ...(await leftInExchange(exchange)),
      ...(clinic === undefined ? [] : [...(await leftInQueues(clinic)), ...(await leftInProcess(clinic))]),
    ];
    return left.length === 0;
  };
  await waitFor(tidy, TIDY_WITHIN_MS).catch((cause: unknown) => {
    throw new Error(`Left over after ${TIDY_WITHIN_MS} ms: ${left.join('; ')}`, { cause });
  });
}

/** What Asterisk itself says: an independent truth. */
export async function leftInExchange(at?: TestStack['ari']): Promise<string[]> {
  const channels = await ari<{ id: string; name: string; state: string }[]>('/channels', at);
  const bridges = await ari<{ id: string; channels: string[] }[]>('/bridges', at);
  return [
    ...channels.map(({ id, name, state }) => `channel ${id} (${name}, ${state})`),
    ...bridges.map(({ id, channels: members }) => `bridge ${id} (${members.length} members)`),
  ];
}

async function leftInQueues(clinic: Clinic): Promise<string[]> {
  const queues = await clinic.api<{ items: QueueRow[] }>('/queues');
  const experts = await clinic.api<{ items: ExpertRow[] }>('/experts?limit=200');
  const busy = experts.body.items.filter(
    ({ status }) => status?.activity === 'ringing' || status?.activity === 'talking',
  );
  return [
    ...queues.body.items
      .filter(({ waiting, ringing = 0, talking }) => waiting + ringing + talking > 0)
      .map((queue) => `queue ${JSON.stringify(queue)}`),
    ...busy.map(({ id, status }) => `expert ${id} is ${status?.activity} (call ${status?.callId})`),
  ];
}

/** A reading request to ARI, past the application. */
export async function ari<T>(path: string, at: TestStack['ari'] = testStack().ari): Promise<T> {
  const { url, username, password } = at;
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
  const answer = await fetch(`${url}/ari${path}`, { headers: { authorization } });
  if (!answer.ok) throw new Error(`ARI answered ${answer.status} to ${path}`);
  return (await answer.json()) as T;
}
