import { describe, expect, it } from 'vitest';
import { Type } from 'typebox';
import { fault } from '../../src/platform/fault.ts';
import { problemOf } from '../../src/web/faults.ts';
import { problem } from '../../src/web/problem.ts';
import { fieldErrors, validatorCompiler } from '../../src/web/validation.ts';
import { closed, Instant, Line, nullable } from '../../src/web/schemas.ts';

const told = (error: unknown) => {
  const { status, code, options } = problemOf(error);
  return `${status} ${code}${options.headers?.['retry-after'] === undefined ? '' : ' again'}`;
};
const coded = (code: string, message = 'x') => Object.assign(new Error(message), { code });

describe('what is thrown', () => {
  it.each([
    [problem(409, 'taken'), '409 taken'],
    [coded('FST_ERR_CTP_BODY_TOO_LARGE'), '413 body-too-large'],
    [coded('FST_ERR_CTP_INVALID_MEDIA_TYPE'), '415 media-type-unsupported'],
    [Object.assign(new SyntaxError('Unexpected token'), { statusCode: 400 }), '400 json-malformed'],
    [Object.assign(new Error('x'), { statusCode: 418 }), '418 request-refused'],
    [fault('command-timeout', 'x'), '503 command-timeout again'],
    [fault('sign-in-busy', 'x'), '503 sign-in-busy again'],
    [coded('ECONNREFUSED'), '503 store-unavailable again'],
    [coded('57P01'), '503 store-unavailable again'],
    [coded('08006'), '503 store-unavailable again'],
    [coded('57014', 'canceling statement due to statement timeout'), '503 store-unavailable again'],
    [new Error('Connection terminated unexpectedly'), '503 store-unavailable again'],
    [new Error('timeout exceeded when trying to connect'), '503 store-unavailable again'],
    [coded('22021'), '400 text-invalid'],
    [coded('23505'), '500 internal-error'],
    [coded('42P01'), '500 internal-error'],
    [new Error('anything'), '500 internal-error'],
    ['a text', '500 internal-error'],
    [null, '500 internal-error'],
    [undefined, '500 internal-error'],
    [{ statusCode: 200 }, '500 internal-error'],
  ])('%s is told as %s', (error, expected) => {
    expect(told(error)).toBe(expected);
  });

  it('keeps its cause for the log', () => {
    const error = new Error('inside');
    expect(problemOf(error).options.cause).toBe(error);
    expect(problemOf(error).options.detail).toBeUndefined();
  });
});

const compile = (schema: Parameters<typeof closed>[0], httpPart: string) => {
  const validate = validatorCompiler({ schema: closed(schema), method: 'GET', url: '/', httpPart });
  return (value: unknown) =>
    validate(value) as { value?: unknown; error?: Parameters<typeof fieldErrors>[0] };
};

describe('the validator', () => {
  const query = compile(
    {
      limit: Type.Integer({ minimum: 1, maximum: 200, default: 50 }),
      all: Type.Optional(Type.Boolean()),
      name: Type.Optional(Line(10)),
    },
    'querystring',
  );

  it.each([
    [{}, { limit: 50 }],
    [
      { limit: '7', all: 'true' },
      { limit: 7, all: true },
    ],
    [
      { all: 'false', name: '12' },
      { limit: 50, all: false, name: '12' },
    ],
  ])('reads a query %j', (given, expected) => {
    expect(query(given).value).toEqual(expected);
  });

  it.each(['1.5', '1e2', '0x10', ' 1', '', 'true', 'NaN', '99999999999999999999', '-1', '201'])(
    'refuses the limit "%s"',
    (limit) => {
      expect(query({ limit }).error).toBeDefined();
    },
  );

  it.each(['1', 'yes', 'TRUE', ''])('refuses "%s" for true', (all) => {
    expect(query({ all }).error).toBeDefined();
  });

  it('changes nothing in a body', () => {
    const body = compile({ limit: Type.Integer({ default: 5 }), on: Type.Optional(Type.Boolean()) }, 'body');
    expect(body({ limit: '7' }).error).toBeDefined();
    expect(body({ limit: 7, on: 'true' }).error).toBeDefined();
    expect(body({}).error).toBeDefined();
    expect(body({ limit: 7 }).value).toEqual({ limit: 7 });
  });

  it('points at what is wrong once', () => {
    const body = compile({ who: closed({ name: nullable(Line(5)), age: Type.Integer() }) }, 'body');
    const { error } = body({ who: { name: 'too long', extra: 1 } });
    const errors = fieldErrors(error!, 'body');
    expect(errors.map(({ pointer }) => pointer)).toEqual(
      expect.arrayContaining(['#/who/age', '#/who/extra', '#/who/name']),
    );
    expect(new Set(errors.map((entry) => JSON.stringify(entry))).size).toBe(errors.length);
  });
});

describe('shapes', () => {
  const at = compile({ at: Instant }, 'body');
  it.each(['2026-11-23T08:30:00+03:30', '2026-11-23T05:00:00Z', '2026-11-23T05:00:00.123Z'])(
    '%s is an instant',
    (text) => {
      expect(at({ at: text }).value).toEqual({ at: text });
    },
  );
  it.each(['2026-11-23', '2026-11-23T08:30:00', '2026-13-01T00:00:00Z', '2026-02-30T00:00:00Z', 'now', ''])(
    '%s is none',
    (text) => {
      expect(at({ at: text }).error).toBeDefined();
    },
  );
});
