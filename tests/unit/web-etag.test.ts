import type { FastifyRequest } from 'fastify';
import { describe, expect, it } from 'vitest';
import { etag, ifMatch, stale } from '../../src/web/etag.ts';

const matching = (header: string | undefined) =>
  ifMatch({ headers: { 'if-match': header } } as unknown as FastifyRequest);

describe('If-Match', () => {
  it.each([
    ['"v3"', true],
    ['"v2"', false],
    ['"v33"', false],
    ['v3', false],
    ['W/"v3"', false],
    ['"v1", "v3"', true],
    ['*', true],
    ['', false],
  ])('%s matches version 3: %s', (header, expected) => {
    expect(matching(header)(3)).toBe(expected);
  });

  it('is required', () => {
    expect(() => matching(undefined)).toThrow(
      expect.objectContaining({ status: 428, code: 'precondition-required' }),
    );
  });

  it('takes the tag an answer gave', () => {
    expect(matching(etag(12))(12)).toBe(true);
    expect(stale()).toMatchObject({ status: 412, code: 'version-stale' });
  });
});
