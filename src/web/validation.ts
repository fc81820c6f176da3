import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Value } from 'typebox/value';
import type { FieldError } from './problem.ts';

/** As many as help; a body of a thousand faults needs no thousand answers. */
const ERRORS_SHOWN = 20;

/** One fault as TypeBox tells it. */
interface Fault {
  keyword?: string;
  instancePath: string;
  message?: string;
  params?: object;
}

/**
 * Checks requests against their TypeBox schemas. Texts of query and path are converted to numbers and booleans and
 * get their defaults; bodies are taken as they are. Nothing unknown is stripped silently: it is refused.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const check = Compile(schema);
  return (given: unknown) => {
    const value = httpPart === 'body' ? given : Value.Default(schema, fromTexts(schema, given));
    return check.Check(value) ? { value } : { error: check.Errors(value) as never };
  };
};

/**
 * Texts of query, path and headers as the numbers and booleans their schema asks for; what is not exactly one stays a
 * text and is then refused. (TypeBox's own conversion takes `1.5` for the integer 1.)
 */
function fromTexts(schema: TSchema, given: unknown): unknown {
  const { properties = {} } = schema as { properties?: Record<string, { type?: unknown }> };
  if (typeof given !== 'object' || given === null) return given;
  const entries = Object.entries(given as Record<string, unknown>);
  return Object.fromEntries(entries.map(([name, value]) => [name, fromText(properties[name]?.type, value)]));
}

function fromText(type: unknown, value: unknown): unknown {
  if (typeof value !== 'string') return value;
  if ((type === 'integer' || type === 'number') && /^-?[0-9]{1,15}(\.[0-9]{1,15})?$/.test(value))
    return Number(value);
  if (type === 'boolean' && (value === 'true' || value === 'false')) return value === 'true';
  return value;
}

/** The faults of one part of a request, each where it lies. part: as Fastify names it. */
export function fieldErrors(faults: readonly Fault[], part: string | undefined): FieldError[] {
  const where = partName(part);
  const seen = new Map<string, FieldError>();
  for (const fault of faults) {
    for (const pointer of pointersOf(fault)) {
      const error = { in: where, pointer, detail: fault.message ?? 'is not valid' };
      seen.set(`${pointer} ${error.detail}`, error);
    }
  }
  return [...seen.values()].slice(0, ERRORS_SHOWN);
}

function partName(part: string | undefined): FieldError['in'] {
  if (part === 'querystring') return 'query';
  if (part === 'params') return 'path';
  return part === 'headers' ? 'headers' : 'body';
}

/** A missing or unknown property is pointed at itself, not at the object around it. */
function pointersOf({ keyword, instancePath, params }: Fault): string[] {
  const named = params as { requiredProperties?: string[]; additionalProperties?: string[] } | undefined;
  const names = keyword === 'required' ? named?.requiredProperties : named?.additionalProperties;
  if (!Array.isArray(names)) return [fragment(instancePath)];
  return names.slice(0, ERRORS_SHOWN).map((name) => fragment(`${instancePath}/${escaped(name)}`));
}

/** RFC 6901: `~` and `/` inside a name. Names come from the sender, so they are cut to a sane length. */
function escaped(name: string): string {
  return name.slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1');
}

function fragment(pointer: string): string {
  // By way of bytes, since encodeURI throws at half characters, which JSON can hold.
  return `#${encodeURI(Buffer.from(pointer).toString())}`;
}
