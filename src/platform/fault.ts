/** An error that says by a stable kebab-case `code` what went wrong; `cause` keeps what it came from. */
export type Fault = Error & { readonly code: string };

export function fault(code: string, message: string, cause?: unknown): Fault {
  const error = new Error(message, cause === undefined ? {} : { cause });
  return Object.assign(error, { code });
}

/** The `code` of anything thrown: ours, PostgreSQL's SQLSTATE or Node's errno; null if it has none. */
export function codeOf(error: unknown): string | null {
  if (typeof error !== 'object' || error === null || !('code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

/** What an error says in one line, for logs and dead letters. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
