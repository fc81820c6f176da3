import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { COLUMNS, readMessages } from '../../src/cases/messages.ts';
import { toCsv } from '../../src/web/csv.ts';

const options = {
  specialties: ['transport', 'finance'],
  areaCode: '21',
  zone: 'Asia/Tehran',
  now: Date.parse('2026-12-05T10:00:00+03:30'),
};
const HEADER = COLUMNS.join(',');
const read = (...lines: string[]) => readMessages([HEADER, ...lines].join('\r\n'), options);
const WHOLE = '09121234567,2026-11-01T09:30,transport,old/1.wav,سؤال دربارهٔ طرح ترافیک';

describe('a table of old messages', () => {
  it('is read, times in the clinic’s zone, the number as everywhere', () => {
    expect(read(WHOLE)).toEqual({
      bad: [],
      messages: [
        {
          ...{ line: 2, number: '+989121234567', specialty: 'transport', recording: 'old/1.wav' },
          ...{ receivedAt: new Date('2026-11-01T06:00:00Z'), note: 'سؤال دربارهٔ طرح ترافیک' },
        },
      ],
    });
  });

  it('takes what spreadsheets and people write', () => {
    const { messages, bad } = readMessages(
      `\ufeff${HEADER}\n'+98 912 123 4567,2026-11-01T09:30:00Z,,,"یک، ""دو""\nسه"\n\n۰۹۱۲-۱۲۳۴۵۶۷,2026-11-02T08:00,,,x\n`,
      options,
    );
    expect(bad).toEqual([]);
    expect(messages.map(({ line, number, note }) => [line, number, note])).toEqual([
      [2, '+989121234567', 'یک، "دو"\nسه'],
      [5, '+989121234567', 'x'],
    ]);
  });

  it.each([
    ['091,2026-11-01T09:30,,,x', 'number-invalid'],
    ['09121234567,yesterday,,,x', 'received-at-invalid'],
    ['09121234567,,,,x', 'received-at-invalid'],
    ['09121234567,2026-12-06T09:30,,,x', 'received-at-invalid'],
    ['09121234567,2026-11-01T09:30,astrology,,x', 'specialty-unknown'],
    ['09121234567,2026-11-01T09:30,,../secrets,x', 'recording-invalid'],
    ['09121234567,2026-11-01T09:30,,/etc/passwd,x', 'recording-invalid'],
    ['09121234567,2026-11-01T09:30,,a/.hidden,x', 'recording-invalid'],
    [`09121234567,2026-11-01T09:30,,,${'x'.repeat(4001)}`, 'note-too-long'],
    [',2026-11-01T09:30,transport,,', 'nothing-said'],
    ['09121234567,2026-11-01T09:30', 'cells-wrong'],
    ['09121234567,2026-11-01T09:30,,,x,y', 'cells-wrong'],
    ['09121234567,2026-11-01T09:30,,,"never ends', 'quote-open'],
  ])('%s is told as %s, with its line', (row, reason) => {
    expect(read(WHOLE, row).bad).toEqual([{ line: 3, reason }]);
    expect(read(WHOLE, row).messages).toHaveLength(1);
  });

  it('needs its header', () => {
    for (const text of ['', WHOLE, 'a,b\n1,2'])
      expect(readMessages(text, options)).toEqual({
        messages: [],
        bad: [{ line: 1, reason: 'header-wrong' }],
      });
  });

  it('gives back any text that a table can hold', () => {
    const note = fc
      .string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', 'ی', ' '), maxLength: 20 })
      .map((text) => `x${text}x`);
    fc.assert(
      fc.property(fc.array(note, { maxLength: 5 }), (notes) => {
        const rows = notes.map((one) => ({
          ...{ number: '09121234567', received_at: '2026-11-01T09:30', specialty: null, recording: null },
          note: one,
        }));
        const { messages, bad } = readMessages(toCsv(COLUMNS, rows), options);
        expect(bad).toEqual([]);
        expect(messages.map((message) => message.note)).toEqual(notes);
      }),
    );
  });
});
