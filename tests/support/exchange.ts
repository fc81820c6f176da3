import { readFileSync } from 'node:fs';
import { createHash, randomUUID } from 'node:crypto';
import { systemClock } from '../../src/clock.ts';
import { createTelephony, type AriSettings, type AriTelephony } from '../../src/asterisk/telephony-ari.ts';
import type { LinkState, TelephonyEvent } from '../../src/asterisk/telephony.ts';
import { silentLog } from './silent-log.ts';
import { waitFor } from './wait.ts';

interface Exchange {
  ari: { url: string; username: string; password: string };
  ami: { host: string; port: number; username: string; password: string };
  sip: { trunk: { host: string; port: number } };
}

/** Where the real Asterisk of the test stack is. */
export function exchange(): Exchange {
  const path = process.env['CLINIC_TEST_STACK'];
  if (path === undefined) throw new Error('No test stack: run npm test');
  return JSON.parse(readFileSync(path, 'utf8')) as Exchange;
}

export interface Line {
  telephony: AriTelephony;
  events: TelephonyEvent[];
  links: LinkState[];
  /** The next or an earlier event that fits. */
  event: <T extends TelephonyEvent['type']>(
    type: T,
    fits?: (event: Extract<TelephonyEvent, { type: T }>) => boolean,
  ) => Promise<Extract<TelephonyEvent, { type: T }>>;
  /** Waits until it was ready so many times. */
  ready: (times?: number) => Promise<void>;
}

/** Telephony on the real Asterisk under an application of the test's own, beside whatever else runs there. */
export function openLine(settings: Partial<AriSettings> = {}): Line {
  const telephony = createTelephony({
    ...exchange().ari,
    app: `test-${randomUUID()}`,
    log: silentLog,
    clock: systemClock,
    ...settings,
  });
  const events: TelephonyEvent[] = [];
  const links: LinkState[] = [];
  telephony.onEvent((event) => events.push(event));
  telephony.onLink((state) => links.push(state));
  return {
    telephony,
    events,
    links,
    event: async (type, fits = () => true) => {
      type Wanted = Extract<TelephonyEvent, { type: typeof type }>;
      const find = (): Wanted | undefined =>
        events.find((event): event is Wanted => event.type === type && fits(event as Wanted));
      await waitFor(() => find() !== undefined);
      return find()!;
    },
    ready: (times = 1) => waitFor(() => links.filter((state) => state === 'ready').length >= times),
  };
}

export const ha1Of = (username: string, realm: string, password: string): string =>
  createHash('md5').update(`${username}:${realm}:${password}`).digest('hex');
