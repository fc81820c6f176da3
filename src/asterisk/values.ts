import { AsteriskFault } from './faults.ts';

/** A line break would begin a header or an action of its own; no other control character is ever meant either. */
const CONTROL = /[\u0000-\u001f\u007f]/;

/**
 * Lets a value through to Asterisk as it is.
 * @throws AsteriskFault `value-refused`; the value itself is not told, it may be a caller's.
 */
export function safeText(what: string, value: string): string {
  if (CONTROL.test(value)) throw new AsteriskFault('value-refused', `${what} contains a control character`);
  return value;
}

/**
 * Joins values that Asterisk splits at commas again.
 * @throws AsteriskFault `value-refused` where a value has a comma of its own.
 */
export function commaList(what: string, values: readonly string[]): string {
  for (const value of values)
    if (value.includes(',')) throw new AsteriskFault('value-refused', `${what} contains a comma`);
  return values.map((value) => safeText(what, value)).join(',');
}

/** Checks every text in the arguments of an operation, names included, at any depth. */
export function safeArguments(args: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(args)) {
    safeText('a name', name);
    if (typeof value === 'string') safeText(name, value);
    else if (typeof value === 'object' && value !== null) safeArguments(value as Record<string, unknown>);
  }
}
