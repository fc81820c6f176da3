import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox';
import type { FastifyBaseLogger } from 'fastify';
import { DateTime } from 'luxon';
import type { Pool } from 'pg';
import { Type } from 'typebox';
import type { Clock } from '../clock.ts';
import { codeOf, messageOf } from '../platform/fault.ts';
import { allow } from '../web/access.ts';
import { readInstant } from '../web/instant.ts';
import { fieldProblem, problem } from '../web/problem.ts';
import { closed, Uuid } from '../web/schemas.ts';
import type { Hours } from './service.ts';
import { faultsOfWeek, type WeekWindow } from './week.ts';

/** What the doors of this room have in common. */

export interface HoursRoutesDeps {
  pool: Pool;
  hours: Hours;
  clock: Clock;
  /** IANA name of the clinic's zone. */
  zone: string;
}

export type App = Parameters<FastifyPluginCallbackTypebox>[0];

export const tags = ['hours'];
export const readers = allow('supervisor', 'reviewer', 'editor', 'auditor', 'expert');
export const changers = allow('supervisor');
export const ById = closed({ id: Uuid });
/** `position` of a list's last row: when it was made, and its id. */
export const POSITION = /^\d{4}-\d\d-\d\dT[\d:.]+Z\/[0-9a-f-]{36}$/;

const Opens = Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', examples: ['08:00'] });
const Closes = Type.String({
  pattern: '^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$',
  examples: ['16:00', '24:00'],
});

const Window = closed({
  weekday: Type.Integer({ minimum: 1, maximum: 7, description: 'ISO: 1 = Monday … 7 = Sunday' }),
  opens: Opens,
  closes: Closes,
});

/** 24 windows a day are more than anyone keeps. */
export const Weekly = Type.Array(Window, {
  maxItems: 168,
  description: "Times of the clinic's zone; an empty list is never open",
});

export const Day = Type.String({
  pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$',
  description: "ISO date, a day of the clinic's zone",
  examples: ['2026-03-21'],
});

/** What was kept counts, whether or not this process can read it at once. */
export async function reread(hours: Hours, log: FastifyBaseLogger): Promise<void> {
  await hours.reload().catch((error: unknown) => log.warn({ detail: messageOf(error) }, 'hours.unread'));
}

/** The schema knows the shape; that there is a 31st of that month is known here. */
export function instantOf(text: string, pointer: string): Date {
  const at = readInstant(text);
  if (at === null) throw fieldProblem('instant-invalid', 'body', pointer, 'Write ISO 8601 with an offset.');
  return new Date(at);
}

/** Its midnight. */
export function dayOf(text: string, pointer: string, zone: string): DateTime {
  const day = DateTime.fromISO(text, { zone });
  if (!day.isValid) throw fieldProblem('day-invalid', 'body', pointer, 'There is no such day.');
  return day.startOf('day');
}

export function refuseFaults(weekly: readonly WeekWindow[]): void {
  const errors = faultsOfWeek(weekly).map(({ index, detail }) => {
    return { in: 'body' as const, pointer: `#/weekly/${index}`, detail };
  });
  if (errors.length > 0)
    throw problem(400, 'hours-invalid', { detail: 'These windows cannot be kept.', errors });
}

const FOREIGN_KEY = '23503';

export function unknownSpecialty(error: unknown): never {
  if (codeOf(error) !== FOREIGN_KEY) throw error;
  throw fieldProblem('specialty-unknown', 'body', '/specialty', 'There is no such specialty.');
}

export const told = (at: Date, zone: string): string => DateTime.fromJSDate(at, { zone }).toISO() ?? '';
