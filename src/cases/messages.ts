import { DateTime } from 'luxon';
import { readCaller } from '../calls/caller.ts';

/** Old messages as a table in a text (RFC 4180): reads them, and says of every row what is wrong with it. */

export const COLUMNS = ['number', 'received_at', 'specialty', 'recording', 'note'] as const;
type Column = (typeof COLUMNS)[number];

export interface Message {
  /** Of the text, from 1: the header is line 1. */
  line: number;
  /** E.164. */
  number: string | null;
  receivedAt: Date;
  specialty: string | null;
  /** Below the folder of recordings. */
  recording: string | null;
  note: string | null;
}

export interface BadRow {
  line: number;
  reason: BadReason;
}
export type BadReason =
  | 'header-wrong'
  | 'quote-open'
  | 'cells-wrong'
  | 'number-invalid'
  | 'received-at-invalid'
  | 'specialty-unknown'
  | 'recording-invalid'
  | 'recording-missing'
  | 'note-too-long'
  | 'nothing-said';

export interface Reading {
  messages: Message[];
  bad: BadRow[];
}

export interface ReadingOptions {
  specialties: readonly string[];
  areaCode: string;
  /** Of times without an offset. */
  zone: string;
  /** Milliseconds since the epoch; nothing was received later. */
  now: number;
}

const NOTE_LENGTH = 4000;
/** Plain names in plain folders: nothing leads out of the folder of recordings. */
const RECORDING = /^(?!.*(^|\/)\.)[A-Za-z0-9._-]+(\/[A-Za-z0-9._-]+)*$/;

export function readMessages(text: string, options: ReadingOptions): Reading {
  const { rows, openQuoteAt } = readCsv(text.replace(/^\ufeff/, ''));
  const [header, ...others] = rows;
  if (header?.cells.map((cell) => cell.trim()).join() !== COLUMNS.join())
    return { messages: [], bad: [{ line: 1, reason: 'header-wrong' }] };
  const reading: Reading = { messages: [], bad: [] };
  for (const { line, cells } of others) {
    if (cells.length === 1 && cells[0]?.trim() === '') continue;
    const read = line === openQuoteAt ? 'quote-open' : readRow(line, cells, options);
    if (typeof read === 'string') reading.bad.push({ line, reason: read });
    else reading.messages.push(read);
  }
  return reading;
}

function readRow(line: number, cells: readonly string[], options: ReadingOptions): Message | BadReason {
  if (cells.length !== COLUMNS.length) return 'cells-wrong';
  const value = (column: Column): string | null => {
    const text = cells[COLUMNS.indexOf(column)]?.trim() ?? '';
    return text === '' ? null : text;
  };
  const said = value('number');
  const specialty = value('specialty');
  const recording = value('recording');
  const note = value('note');
  const number = said === null ? null : readCaller(withoutMarks(said), false, options.areaCode).number;
  if (said !== null && number === null) return 'number-invalid';
  const receivedAt = DateTime.fromISO(inDigits(value('received_at') ?? ''), { zone: options.zone });
  if (!receivedAt.isValid || receivedAt.toMillis() > options.now) return 'received-at-invalid';
  if (specialty !== null && !options.specialties.includes(specialty)) return 'specialty-unknown';
  if (recording !== null && !RECORDING.test(recording)) return 'recording-invalid';
  if ((note ?? '').length > NOTE_LENGTH || (note ?? '').includes('\0')) return 'note-too-long';
  if (number === null && recording === null && note === null) return 'nothing-said';
  return { line, number, receivedAt: receivedAt.toJSDate(), specialty, recording, note };
}

/** Spreadsheets lead a number with an apostrophe; people write blanks, dashes and brackets. */
const withoutMarks = (text: string): string => inDigits(text).replaceAll(/[\s'()\u200c‐–-]/g, '');

const inDigits = (text: string): string =>
  text.replaceAll(/[۰-۹]/g, (digit) => String(digit.charCodeAt(0) - 0x6f0));

interface CsvRow {
  line: number;
  cells: string[];
}

/** openQuoteAt: the line of a row whose quoted cell never ends. */
function readCsv(text: string): { rows: CsvRow[]; openQuoteAt: number | null } {
  const rows: CsvRow[] = [];
  // A cell is quoted, with quotes doubled inside, or plain; a comma, a line's end or the text's end follows.
  const CELL = /(?:"((?:[^"]|"")*)"|([^,\r\n]*))(,|\r\n|\n|\r|$)/y;
  let line = 1;
  let row: CsvRow = { line, cells: [] };
  while (CELL.lastIndex < text.length || row.cells.length > 0) {
    const from = CELL.lastIndex;
    const found = CELL.exec(text);
    if (found === null) return { rows: [...rows, row], openQuoteAt: row.line };
    const [all, quoted, plain = '', end] = found;
    if (quoted === undefined && plain.startsWith('"')) return { rows: [...rows, row], openQuoteAt: row.line };
    row.cells.push(quoted?.replaceAll('""', '"') ?? plain);
    line += all.match(/\r\n|\n|\r/g)?.length ?? 0;
    if (end !== ',') {
      rows.push(row);
      row = { line, cells: [] };
    }
    if (CELL.lastIndex === from || end === '') break;
  }
  return { rows, openQuoteAt: null };
}
