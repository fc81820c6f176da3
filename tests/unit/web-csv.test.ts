import { describe, expect, it } from 'vitest';
import { toCsv } from '../../src/web/csv.ts';

const table = (...cells: (string | number | boolean | null)[]) =>
  toCsv(
    ['cell'],
    cells.map((cell) => ({ cell })),
  );

describe('a table for spreadsheets', () => {
  it('begins with a byte order mark and the names of its columns, and ends every line in CR LF', () => {
    expect(toCsv(['b', 'a'], [{ a: 1, b: 'x' }])).toBe('\ufeffb,a\r\nx,1\r\n');
    expect(toCsv(['a'], [])).toBe('\ufeffa\r\n');
  });

  it('quotes what would break a line or a cell', () => {
    expect(table('a,b', 'say "x"', 'one\ntwo', 'one\rtwo')).toBe(
      '\ufeffcell\r\n"a,b"\r\n"say ""x"""\r\n"one\ntwo"\r\n"one\rtwo"\r\n',
    );
  });

  it('neutralises what a spreadsheet would take for a formula', () => {
    for (const first of ['=', '+', '-', '@', '\t'])
      expect(table(`${first}1+1`)).toBe(`\ufeffcell\r\n'${first}1+1\r\n`);
    expect(table('=HYPERLINK("x")')).toBe('\ufeffcell\r\n"\'=HYPERLINK(""x"")"\r\n');
  });

  it('leaves numbers, Persian text and nothing as they are', () => {
    expect(table(-5, 'خدمات شهری', null, false)).toBe('\ufeffcell\r\n-5\r\nخدمات شهری\r\n\r\nfalse\r\n');
  });
});
