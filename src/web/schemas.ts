import { Type, type TSchema } from 'typebox';
import { INSTANT } from './instant.ts';

/** Shapes that recur in the API. Objects of requests are made with `closed`, so that unknown properties are refused. */

export const nullable = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

/** An object that takes nothing but what it names: the answer to mass assignment and to misspelt filters alike. */
export const closed = <T extends Record<string, TSchema>>(properties: T) =>
  Type.Object(properties, { additionalProperties: false });

/** The format knows how many days a month has, the pattern what can be worked with. */
export const Instant = Type.String({
  format: 'date-time',
  pattern: INSTANT,
  maxLength: 40,
  description: 'ISO 8601 with offset, of the years 1900 to 2199',
  examples: ['2026-11-23T08:30:00+03:30'],
});

export const Uuid = Type.String({ format: 'uuid', maxLength: 36 });

export const ExpertId = Type.String({
  pattern: '^e[0-9]{3,5}$',
  description: 'Also the user name of the telephone',
  examples: ['e001'],
});

export const SpecialtyKey = Type.String({ pattern: '^[a-z][a-z-]{1,40}$', examples: ['urban-planning'] });

/** Text of one line; PostgreSQL takes no NUL, and a control character in a name is a slip or an attack. */
export const Line = (maxLength: number) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000-\\u001f\\u007f]+$' });

/** Text of several lines. */
export const Prose = (maxLength: number) => Type.String({ maxLength, pattern: '^[^\\u0000]*$' });
