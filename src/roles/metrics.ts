import { Gauge, type Registry } from 'prom-client';
import type { AriTelephony } from '../asterisk/telephony-ari.ts';
import { STATES } from '../calls/call.ts';
import type { StoredLedger } from '../calls/store.ts';
import type { Calls } from '../calls/service.ts';
import type { Desk } from '../experts/desk.ts';

export interface Measured {
  calls: Calls;
  ledger: StoredLedger;
  telephony: AriTelephony;
  desk: Desk;
}

/** Figures of the role `calls`, read when Prometheus asks. */
export function measureCalls(registry: Registry, { calls, ledger, telephony, desk }: Measured): void {
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  new Gauge({
    name: 'clinic_calls_live',
    help: 'Calls in progress by state',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      const counts = calls.liveCount();
      for (const state of STATES) if (state !== 'ended') this.set({ state }, counts.get(state) ?? 0);
    },
  });
  gauge('clinic_outbox_depth', 'Ledger entries not yet in PostgreSQL', () => ledger.depth());
  gauge('clinic_disagreements_mended', 'Places and reservations in Redis that did not fit the calls', () =>
    calls.mended(),
  );
  gauge('clinic_presence_unsaved', 'Presence changes not yet in PostgreSQL', () => desk.unsaved());
  gauge('clinic_asterisk_link_ready', '1 while events of Asterisk are proven to arrive', () =>
    telephony.link() === 'ready' ? 1 : 0,
  );
  gauge(
    'clinic_ari_requests',
    'Requests sent to Asterisk since the start',
    () => telephony.counts().requests,
  );
  gauge(
    'clinic_ari_requests_refused',
    'Requests that ended in a fault or found nothing there',
    () => telephony.counts().refused,
  );
  gauge('clinic_ari_events', 'Events of Asterisk handed on since the start', () => telephony.counts().told);
}
