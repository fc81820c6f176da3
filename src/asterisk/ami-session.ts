import type { Clock } from '../clock.ts';
import { pause } from '../platform/signals.ts';
import { reasonOf, within } from './deadlines.ts';
import { isRaw, text, type Raw } from './events.ts';
import { AsteriskFault } from './faults.ts';
import { createAmiClient, type AmiClient } from './libraries.ts';
import { safeText } from './values.ts';

export interface AmiSettings {
  host: string;
  port: number;
  username: string;
  password: string;
  clock: Clock;
  /** How long connecting, signing in and every action may take. */
  timeoutMs: number;
  /** How often the other side has to show that it lives. */
  pingEveryMs: number;
}

/** Sends one action. @throws AsteriskFault `ami-timeout`, `ami-refused` (reason: Asterisk's words), `value-refused`. */
export type Act = (name: string, values?: Readonly<Record<string, string>>) => Promise<Raw>;

/** What can be asked of a connection that is signed in. */
export interface AmiActions {
  act: Act;
  /** An action that is answered by events: all of them up to the one named `complete`. Fails as `act` does. */
  list: (name: string, complete: string) => Promise<Raw[]>;
}

/**
 * One connection of asterisk-manager, from connecting to its end. The library's own way of coming back (after ten
 * seconds, with prints to the console) and its queue of held actions are never used: an action is sent when signed in,
 * or not at all.
 * @param over ends it; aborted here when the connection closes.
 * @returns why it ended; never throws.
 */
export async function runAmi(
  settings: AmiSettings,
  parts: { over: AbortController; onReady: (actions: AmiActions) => void; onEvent: (event: Raw) => void },
): Promise<Error> {
  const { over, onReady, onEvent } = parts;
  const client = createAmiClient(null, settings.host, settings.username, settings.password, true);
  const lost = (why: string): void =>
    over.abort(new AsteriskFault('ami-unreachable', `the manager interface ${why}`));
  client.on('error', (error: Error) => lost(`broke off: ${error.message}`));
  client.on('close', () => lost('closed the connection'));
  client.on('managerevent', (event: unknown) => isRaw(event) && onEvent(event));
  try {
    await answered(settings, over.signal, 'connecting', (done) => {
      client.once('connect', () => done());
      client.connect(settings.port, settings.host);
    });
    await answered(settings, over.signal, 'login', (done) => client.login(done));
    const act = createAct(client, settings, over.signal);
    onReady({ act, list: createList(client, settings, over.signal) });
    for (;;) {
      await pause(settings.pingEveryMs, over.signal);
      await act('Ping');
    }
  } catch (error) {
    if (over.signal.aborted) return reasonOf(over.signal);
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    client.removeAllListeners();
    // A broken socket may still speak up after we have turned away.
    client.on('error', () => undefined);
    client.disconnect();
  }
}

function createAct(client: AmiClient, settings: AmiSettings, signal: AbortSignal): Act {
  let sequence = 0;
  return async (name, values = {}) => {
    for (const [key, value] of Object.entries(values)) safeText(key, value);
    const actionid = `clinic-${++sequence}`;
    try {
      return await answered(settings, signal, name, (done) =>
        client.action({ ...values, action: name, actionid }, done),
      );
    } finally {
      // The library would wait for an answer that never came for as long as the connection lives.
      client.removeAllListeners(actionid);
    }
  };
}

function createList(client: AmiClient, settings: AmiSettings, signal: AbortSignal): AmiActions['list'] {
  let sequence = 0;
  return async (name, complete) => {
    const actionid = `clinic-list-${++sequence}`;
    const found: Raw[] = [];
    let hear: (event: unknown) => void = () => undefined;
    try {
      await answered(settings, signal, name, (done) => {
        hear = (event) => {
          if (!isRaw(event) || event.actionid !== actionid) return;
          if (event.event === complete) done();
          else found.push(event);
        };
        client.on('managerevent', hear);
        // Accepted: the list follows.
        client.action({ action: name, actionid }, (fault) => (fault ? done(fault) : undefined));
      });
      return found;
    } finally {
      client.removeListener('managerevent', hear);
      client.removeAllListeners(actionid);
    }
  };
}

/** Waits for the library's callback, but not for ever, and not beyond the connection's end. */
function answered(
  { timeoutMs, clock }: AmiSettings,
  signal: AbortSignal,
  doing: string,
  start: (done: (fault?: unknown, reply?: unknown) => void) => void,
): Promise<Raw> {
  const answer = new Promise<Raw>((resolve, reject) => {
    start((fault, reply) => {
      if (fault === undefined || fault === null) resolve(isRaw(reply) ? reply : {});
      else reject(refusal(doing, fault));
    });
  });
  const late = (): Error => new AsteriskFault('ami-timeout', `${doing} took over ${timeoutMs} ms`);
  return within(answer, signal, { ms: timeoutMs, clock, late });
}

function refusal(doing: string, fault: unknown): AsteriskFault {
  if (fault instanceof Error)
    return new AsteriskFault('ami-unreachable', `${doing} failed`, { cause: fault });
  const reason = isRaw(fault) ? text(fault.message) : '';
  return new AsteriskFault('ami-refused', `${doing} was refused: ${reason}`, { reason });
}
