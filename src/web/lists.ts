import { createHash } from 'node:crypto';
import { Type, type TSchema } from 'typebox';
import { fieldProblem } from './problem.ts';

export const DEFAULT_LIMIT = 50;
export const MAX_LIMIT = 200;

/** Spread into a list's `querystring` object. */
export const listQuery = {
  limit: Type.Integer({ minimum: 1, maximum: MAX_LIMIT, default: DEFAULT_LIMIT }),
  cursor: Type.Optional(
    Type.String({ minLength: 1, maxLength: 500, description: '`next` of the page before' }),
  ),
};

/** The same of a report that is also a table for spreadsheets: who downloads one wants it whole. */
export const reportQuery = {
  ...listQuery,
  format: Type.Optional(
    Type.Enum(['json', 'csv'], {
      default: 'json',
      description: '`csv`: all of the span at once, whatever `limit` and `cursor` say',
    }),
  ),
};

/** The answer of every list. */
export const listOf = <T extends TSchema>(item: T) =>
  Type.Object({
    items: Type.Array(item),
    next: Type.Union([Type.String(), Type.Null()], {
      description: 'Cursor of the following page; null on the last',
    }),
  });

/**
 * Names a list and its filters. A cursor serves only the list it was made for: the same one with other filters would
 * silently skip rows.
 */
export function listScope(name: string, filters: Readonly<Record<string, unknown>> = {}): string {
  const kept = Object.entries(filters).filter(([filter]) => filter !== 'limit' && filter !== 'cursor');
  return `${name} ${JSON.stringify(kept.sort(([a], [b]) => (a < b ? -1 : 1)))}`;
}

/** position: the sort key of the page's last row, as text. Opaque to clients. */
export function encodeCursor(scope: string, position: string): string {
  return Buffer.concat([checksum(scope, position), Buffer.from(position)]).toString('base64url');
}

/**
 * The position a cursor stands for; null without one.
 * The checksum finds cursors that were altered, cut or belong elsewhere. It is no secret and need not be: a forged
 * cursor shows nothing that the same list without one does not, since filters and rights are applied each time.
 * @throws Problem 400 `cursor-invalid`; also when `valid` refuses the position.
 */
export function decodeCursor(scope: string, cursor: string | undefined, valid: RegExp): string | null {
  if (cursor === undefined) return null;
  const bytes = Buffer.from(cursor, 'base64url');
  const position = bytes.subarray(CHECKSUM_BYTES).toString();
  const intact =
    bytes.toString('base64url') === cursor &&
    checksum(scope, position).equals(bytes.subarray(0, CHECKSUM_BYTES));
  if (!intact || !valid.test(position)) {
    throw fieldProblem(
      'cursor-invalid',
      'query',
      '/cursor',
      'Use `next` of the page before, with the same filters.',
    );
  }
  return position;
}

/**
 * Cuts rows into a page. rows: read with `limit + 1`, so that the last page is known without counting.
 * positionOf: the sort key the next page starts after.
 */
export function page<T>(
  rows: readonly T[],
  limit: number,
  scope: string,
  positionOf: (row: T) => string,
): { items: T[]; next: string | null } {
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const next = rows.length > limit && last !== undefined ? encodeCursor(scope, positionOf(last)) : null;
  return { items, next };
}

const CHECKSUM_BYTES = 8;

function checksum(scope: string, position: string): Buffer {
  return createHash('sha256')
    .update(JSON.stringify([scope, position]))
    .digest()
    .subarray(0, CHECKSUM_BYTES);
}
