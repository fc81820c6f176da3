import type { Pool } from 'pg';
import type { Clock } from '../clock.ts';
import { maskNumber, type Log } from '../log.ts';
import type { Driver, Sending } from './driver.ts';
import { isWorthless, MOST_ATTEMPTS, notBefore, type QuietHours } from './rules.ts';
import { deferText, findText, holdText, settleText, type Settlement, type TextRow } from './store.ts';
import { isTemplate, textOf } from './templates.ts';

/** One text on its way: its row taken in hand, the gateway asked, and what came of it written down. */

/** `retried`: not sent this time, to be tried again. */
export const OUTCOMES = ['sent', 'kept', 'undeliverable', 'failed', 'retried'] as const;
export type Outcome = (typeof OUTCOMES)[number];

export interface DeliveryDeps {
  pool: Pool;
  clock: Clock;
  log: Log;
  driver: Driver;
  quiet: QuietHours;
  /** By which citizens reach us, as they dial it. */
  lineNumber: string;
  observe: (outcome: Outcome) => void;
}

/** Longer than the gateway is waited for, twice; a process that died meanwhile leaves the text to the next one. */
const HELD_MS = 60_000;

export function createDelivery(deps: DeliveryDeps): (id: string) => Promise<'done' | 'again'> {
  const { pool, clock, log, driver, quiet, lineNumber, observe } = deps;

  return async (id) => {
    const text = await findText(pool, id);
    if (text?.state !== 'queued') return 'done';
    const { template, parameters, number } = text;
    const now = clock.now();
    const { reference } = parameters;
    if (!isTemplate(template) || typeof reference !== 'string')
      return settle(text, null, { came: 'refused', reason: 'template-unknown' });
    if (number === null) return settle(text, null, { came: 'refused', reason: 'number-erased' });
    if (isWorthless(text.createdAt.getTime(), now))
      return settle(text, null, { came: 'refused', reason: 'too-late' });
    const later = notBefore({ answersAt: text.answersAt?.getTime() ?? null, now }, quiet);
    if (later !== null) {
      await deferText(pool, id, new Date(later));
      return 'done';
    }
    const held = await holdText(pool, id, new Date(now), new Date(now + HELD_MS));
    if (held === null) return 'again';
    const body = textOf(template, { reference }, lineNumber);
    const known = held.inDoubt ? await lookFor(id) : null;
    const came = known ?? (await driver.send({ id, number, body }));
    return settle({ ...text, attempts: held.attempts }, body, came);
  };

  /** An attempt whose end nobody saw. null: the gateway does not have it. */
  async function lookFor(id: string): Promise<Sending | null> {
    const finding = await driver.find(id);
    if (finding.found === 'sent') return { came: 'sent', providerId: finding.providerId };
    return finding.found === 'nothing' ? null : { came: 'unknown', reason: finding.reason };
  }

  async function settle(text: TextRow, body: string | null, came: Sending): Promise<'done' | 'again'> {
    const now = new Date(clock.now());
    const settlement = settlementOf(came, text.attempts, now);
    await settleText(pool, text.id, { ...settlement, body, driver: body === null ? null : driver.name });
    const { state, reason } = settlement;
    const outcome = state === 'queued' ? 'retried' : state;
    // Told once: the pauses after it are long, and every text says the same.
    tell(text, outcome, reason, came.came === 'not-now' && came.needsSomebody && text.attempts === 1);
    observe(outcome);
    return state === 'queued' ? 'again' : 'done';
  }

  function tell(text: TextRow, outcome: Outcome, reason: string | null, needsSomebody: boolean): void {
    const { id: textId, caseId, template, number, attempts } = text;
    const about = { textId, caseId, template, number: maskNumber(number), attempts, driver: driver.name };
    if (outcome === 'sent' || outcome === 'kept') log.info(about, `text.${outcome}`);
    else if (outcome === 'undeliverable') log.warn({ ...about, reason }, 'text.undeliverable');
    else if (outcome === 'failed') log.error({ ...about, reason, alarm: true }, 'text.given-up');
    else log.warn({ ...about, reason, ...(needsSomebody ? { alarm: true } : {}) }, 'text.retried');
  }
}

function settlementOf(
  came: Sending,
  attempts: number,
  now: Date,
): Omit<Settlement, 'body' | 'driver'> & { state: Exclude<Outcome, 'retried'> | 'queued' } {
  const nothing = { providerId: null, reason: null, sentAt: null, heldUntil: null };
  switch (came.came) {
    case 'sent':
      return { ...nothing, state: 'sent', providerId: came.providerId, sentAt: now };
    case 'kept':
      return { ...nothing, state: 'kept' };
    case 'undeliverable':
      return { ...nothing, state: 'undeliverable', reason: came.reason };
    case 'refused':
      return { ...nothing, state: 'failed', reason: came.reason };
    case 'not-now':
    case 'unknown': {
      const state = attempts >= MOST_ATTEMPTS ? 'failed' : 'queued';
      return { ...nothing, state, reason: came.reason, heldUntil: came.came === 'unknown' ? now : null };
    }
  }
}
