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
  const lines = [columns, ...rows.map((row) => columns.map((column) => row[column] ?? null))];
  return BYTE_ORDER_MARK + lines.map((cells) => `${cells.map(cellText).join(',')}\r\n`).join('');
}

function cellText(cell: Cell): string {
  if (typeof cell !== 'string') return cell === null ? '' : String(cell);
  const text = FORMULA.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
