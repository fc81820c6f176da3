import { Readable } from 'node:stream';

/** Tables for spreadsheets (RFC 4180): UTF-8 with a byte order mark, by which Excel knows Persian for what it is. */

const BYTE_ORDER_MARK = '\ufeff';
/** A cell that begins so is taken for a formula, and a citizen's text must not calculate in a supervisor's spreadsheet. */
const FORMULA = /^[=+\-@\t\r]/;

type Cell = string | number | boolean | null;

/** columns: their names, in order. A cell that might be a formula is led by an apostrophe. */
export function toCsv<Row extends Record<string, Cell>>(
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
): string {
  return BYTE_ORDER_MARK + line(columns) + linesOf(columns, rows);
}

const PAGE = 200;

/**
 * The same of rows that are read page by page as they are sent: all there are, however many.
 * @param read what follows the row; null: from the beginning. Where the first page cannot be read, nothing was sent yet.
 * A later one cuts the answer off, so that nobody takes it for whole.
 */
export async function csvStream<Found, Row extends Record<string, Cell>>(
  columns: readonly (keyof Row & string)[],
  read: (after: Found | null, limit: number) => Promise<readonly Found[]>,
  toRow: (found: Found) => Row,
): Promise<Readable> {
  const first = await read(null, PAGE);
  async function* pages() {
    yield BYTE_ORDER_MARK + line(columns);
    for (let rows = first; ;) {
      yield linesOf(columns, rows.map(toRow));
      const last = rows.at(-1);
      if (last === undefined || rows.length < PAGE) return;
      rows = await read(last, PAGE);
    }
  }
  return Readable.from(pages());
}

const linesOf = <Row extends Record<string, Cell>>(
  columns: readonly (keyof Row & string)[],
  rows: readonly Row[],
): string => rows.map((row) => line(columns.map((column) => row[column] ?? null))).join('');

const line = (cells: readonly Cell[]): string => `${cells.map(cellText).join(',')}\r\n`;

function cellText(cell: Cell): string {
  if (typeof cell !== 'string') return cell === null ? '' : String(cell);
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
