import { describe, expect, it } from 'vitest';
import { csvStream, toCsv } from '../../src/web/csv.ts';
import { jalali } from '../../src/web/jalali.ts';

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

describe('a table of any length', () => {
  const source = (count: number) => {
    const asked: (number | null)[] = [];
    const read = (after: number | null, limit: number) => {
      asked.push(after);
      const from = after ?? 0;
      return Promise.resolve(
        Array.from({ length: Math.min(limit, count - from) }, (_, index) => from + index + 1),
      );
    };
    return { asked, read };
  };
  const text = async (count: number, read = source(count).read) => {
    const parts: string[] = [];
    for await (const part of await csvStream(['n'], read, (n) => ({ n }))) parts.push(String(part));
    return parts.join('');
  };

  it.each([0, 1, 199, 200, 201, 1000])('is whole with %i rows', async (count) => {
    const rows = Array.from({ length: count }, (_, index) => ({ n: index + 1 }));
    expect(await text(count)).toBe(toCsv(['n'], rows));
  });

  it('is read as it is taken, not before', async () => {
    const { asked, read } = source(1_000_000);
    const stream = await csvStream(['n'], read, (n) => ({ n }));
    expect(asked).toEqual([null]);
    stream.destroy();
  });

  it('has begun nothing where the first page cannot be read, and is cut off where a later one cannot', async () => {
    const broken = new Error('the store is away');
    const { read } = source(1000);
    const failsAfter = (page: number) => (after: number | null, limit: number) =>
      (after ?? 0) < page ? read(after, limit) : Promise.reject(broken);
    await expect(csvStream(['n'], failsAfter(0), (n) => ({ n }))).rejects.toBe(broken);
    await expect(text(1000, failsAfter(400))).rejects.toBe(broken);
  });
});

describe('a date of the solar calendar', () => {
  it.each([
    ['2026-11-23T08:30:00Z', '1405/09/02 12:00'],
    ['2026-11-23T20:29:59.999Z', '1405/09/02 23:59'],
    ['2026-11-23T20:30:00Z', '1405/09/03 00:00'],
    ['2025-03-20T20:29:00Z', '1403/12/30 23:59'],
    ['2025-03-20T20:30:00Z', '1404/01/01 00:00'],
  ])('%s is %s in Tehran', (instant, date) => expect(jalali(instant, 'Asia/Tehran')).toBe(date));
});
