import { Type, type Static } from 'typebox';

/** One thing wrong with a request: where, as a JSON pointer into the part of it, and what. */
export const FieldErrorSchema = Type.Object({
  in: Type.Enum(['body', 'query', 'path', 'headers']),
  pointer: Type.String({ description: 'JSON pointer as a URI fragment, e.g. `#/skills/0/level`' }),
  detail: Type.String(),
});
export type FieldError = Static<typeof FieldErrorSchema>;

/** RFC 9457, with our stable `code`, by which a client decides; texts may be reworded. */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: 'URI of the kind of problem; ends with the code' }),
    title: Type.String(),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    code: Type.String({ pattern: '^[a-z0-9]+(-[a-z0-9]+)*$' }),
    detail: Type.Optional(Type.String()),
    instance: Type.Optional(Type.String({ description: "The request's id, as it stands in the log" })),
    errors: Type.Optional(Type.Array(FieldErrorSchema)),
  },
  { title: 'Problem' },
);

export interface ProblemOptions {
  /** Says in a sentence what to do; never holds internals or another's data. */
  detail?: string;
  errors?: readonly FieldError[];
  /** Sent with the answer, e.g. `retry-after`. */
  headers?: Readonly<Record<string, string>>;
  /** Further members of the document. */
  members?: Readonly<Record<string, unknown>>;
  cause?: unknown;
}

/** An answer other than success, thrown from anywhere below a route and turned into a problem document in one place. */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly options: ProblemOptions;

  constructor(status: number, code: string, options: ProblemOptions = {}) {
    super(options.detail ?? code, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Problem';
    this.status = status;
    this.code = code;
    this.options = options;
  }
}

/**
 * The one way for a route to refuse: `throw problem(404, 'expert-not-found')`.
 * code: kebab-case, stable. A text instead of options is the detail.
 */
export function problem(status: number, code: string, options: ProblemOptions | string = {}): Problem {
  return new Problem(status, code, typeof options === 'string' ? { detail: options } : options);
}

/** 400 for one field that is well-formed but means nothing here, e.g. an unknown specialty. */
export function fieldProblem(
  code: string,
  where: FieldError['in'],
  pointer: string,
  detail: string,
): Problem {
  return problem(400, code, { detail, errors: [{ in: where, pointer: `#${pointer}`, detail }] });
}
