import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeCursor, encodeCursor, listScope, page } from '../../src/web/lists.ts';
import { Problem } from '../../src/web/problem.ts';

const anything = /^[\s\S]*$/;
const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    if (error instanceof Problem) return `${error.status} ${error.code}`;
    throw error;
  }
  return 'taken';
};

describe('a cursor', () => {
  it('comes back as the position it was made of', () => {
    fc.assert(
      fc.property(fc.string(), fc.string({ unit: 'binary' }), (scope, position) => {
        fc.pre(Buffer.from(position).toString() === position);
        expect(decodeCursor(scope, encodeCursor(scope, position), anything)).toBe(position);
      }),
    );
  });

  it('is refused with any one sign changed', () => {
    const cursor = encodeCursor('calls', '01890000-0000-7000-8000-000000000001');
    for (let index = 0; index < cursor.length; index++) {
      const changed = cursor.slice(0, index) + (cursor[index] === 'A' ? 'B' : 'A') + cursor.slice(index + 1);
      expect(codeOf(() => decodeCursor('calls', changed, anything))).toBe('400 cursor-invalid');
    }
  });

  it('is refused for another list, other filters, or a position of another kind', () => {
    const scope = listScope('calls', { specialty: 'finance' });
    const cursor = encodeCursor(scope, '12');
    expect(codeOf(() => decodeCursor(scope, cursor, /^[0-9]+$/))).toBe('taken');
    expect(
      codeOf(() => decodeCursor(listScope('calls', { specialty: 'transport' }), cursor, /^[0-9]+$/)),
    ).toBe('400 cursor-invalid');
    expect(codeOf(() => decodeCursor(listScope('audit', { specialty: 'finance' }), cursor, /^[0-9]+$/))).toBe(
      '400 cursor-invalid',
    );
    expect(codeOf(() => decodeCursor(scope, cursor, /^[a-z]+$/))).toBe('400 cursor-invalid');
  });

  it('is none on the first page', () => {
    expect(decodeCursor('calls', undefined, anything)).toBeNull();
  });
});

describe('a scope', () => {
  it('heeds neither the order of filters nor the page', () => {
    expect(listScope('calls', { a: 1, b: 2, limit: 5, cursor: 'x' })).toBe(
      listScope('calls', { b: 2, a: 1 }),
    );
    expect(listScope('calls', { a: 1 })).not.toBe(listScope('calls', { a: '1' }));
  });
});

describe('pages', () => {
  it('give every row once, in order, whatever the limit', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(), { maxLength: 60 }),
        fc.integer({ min: 1, max: 20 }),
        (numbers, limit) => {
          const rows = numbers.sort((a, b) => b - a);
          const read = (after: number | null) =>
            rows.filter((row) => after === null || row < after).slice(0, limit + 1);
          const seen: number[] = [];
          let after: number | null = null;
          for (;;) {
            const { items, next }: ReturnType<typeof page<number>> = page(
              read(after),
              limit,
              'numbers',
              String,
            );
            expect(items.length).toBeLessThanOrEqual(limit);
            seen.push(...items);
            if (next === null) break;
            after = Number(decodeCursor('numbers', next, /^[0-9]+$/));
          }
          expect(seen).toEqual(rows);
        },
      ),
    );
  });
});
