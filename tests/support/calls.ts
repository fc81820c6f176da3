import type { Clinic } from './clinic.ts';
import { waitFor } from './wait.ts';

/** Calls as the API shows them, and their story. */

export interface ApiCall {
  id: string;
  direction: string;
  caller: string | null;
  specialty: string | null;
  enteredAt: string;
  queuedAt: string | null;
  answeredAt: string | null;
  endedAt: string | null;
  state: string;
  ending: string | null;
  expertId: string | null;
  waitSeconds: number | null;
  talkSeconds: number | null;
  outcome: { code: string; actor: string } | null;
  surveyScore: number | null;
  caseId: string | null;
}

export interface ApiStory {
  offers: {
    offerId: string;
    expertId: string;
    result: string | null;
    rule: string | null;
    candidates: unknown[];
    excluded: unknown[];
  }[];
  segments: { expertId: string; endedBy: string | null; surveyScore: number | null }[];
  entries: { seq: number; kind: string; at: string; actor: string; data: Record<string, unknown> }[];
}

/** The call's row, as soon as it is as wanted. */
export async function callRow(
  clinic: Clinic,
  callId: string,
  fits: (row: ApiCall) => boolean = (row) => row.ending !== null,
): Promise<ApiCall> {
  let last: ApiCall | null = null;
  const asWanted = async () => {
    const answer = await clinic.api<ApiCall>(`/calls/${callId}`);
    last = answer.status === 200 ? answer.body : null;
    return last !== null && fits(last);
  };
  await waitFor(asWanted).catch((cause: unknown) => {
    throw new Error(`The row of ${callId} stays ${JSON.stringify(last)}`, { cause });
  });
  return last as unknown as ApiCall;
}

export async function callStory(clinic: Clinic, callId: string): Promise<ApiStory> {
  const answer = await clinic.api<ApiStory>(`/calls/${callId}/why`);
  if (answer.status !== 200) throw new Error(`No story of ${callId}: ${answer.status}`);
  return answer.body;
}

/** The story's kinds in order. */
export async function storyKinds(clinic: Clinic, callId: string): Promise<string[]> {
  return (await callStory(clinic, callId)).entries.map((entry) => entry.kind);
}

/** Every row of the citizen's call, joined on the SIP Call-ID: there should be one. */
export async function rowsOf(clinic: Clinic, sipCallId: string): Promise<ApiCall[]> {
  const { body } = await clinic.api<{ items: ApiCall[] }>('/calls?limit=50');
  const rows: ApiCall[] = [];
  for (const row of body.items) {
    const { entries } = await callStory(clinic, row.id);
    if (entries.some(({ data }) => data['sipCallId'] === sipCallId)) rows.push(row);
  }
  return rows;
}
