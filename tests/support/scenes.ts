import type { Clinic } from './clinic.ts';
import { citizen, dialClinic, type CitizenOptions, type OutboundCall } from './phones.ts';

/** A citizen's call together with the id the application gave it. */
export interface Scene {
  call: OutboundCall;
  id: string;
}

/** The application's id of this very call, joined on the SIP Call-ID. */
export async function idOf(clinic: Clinic, call: OutboundCall): Promise<string> {
  const entered = await clinic.logged('call.entered', (line) => line['sipCallId'] === call.callId);
  return String(entered['callId']);
}

/** A citizen in the clinic, by the direct number: the greeting sounds. */
export async function enters(clinic: Clinic, options: CitizenOptions = {}): Promise<Scene> {
  const call = await dialClinic({ number: '1378', ...options });
  return { call, id: await idOf(clinic, call) };
}

/** A citizen who has chosen and stands in the queue. digit 2: transport. */
export async function queues(
  clinic: Clinic,
  options: CitizenOptions & { digit?: string } = {},
): Promise<Scene> {
  const { digit = '2', ...rest } = options;
  const scene = await enters(clinic, rest);
  await scene.call.sendDigits(digit);
  await said(clinic, scene, 'call.queued');
  return scene;
}

/** The log line of an event of this call. */
export function said(
  clinic: Clinic,
  { id }: Scene,
  msg: string,
  fits: (line: Record<string, unknown>) => boolean = () => true,
  withinMs?: number,
) {
  return clinic.logged(msg, (line) => line['callId'] === id && fits(line), withinMs);
}

/** Places a call and hangs up before anything was answered. */
export async function ringsOff(number: string): Promise<OutboundCall> {
  const call = await (await citizen()).dial(number);
  void call.hangup();
  await call.ended;
  return call;
}
