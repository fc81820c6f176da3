import { DateTime } from 'luxon';

/**
 * The shape of an instant in a request, as a pattern of JSON schema: what RFC 9557 adds to it (`[Asia/Tehran]`) and leap
 * seconds are none, since JavaScript and PostgreSQL read neither; and what is centuries away is a slip.
 */
export const INSTANT =
  '^(19|20|21)\\d\\d-\\d\\d-\\d\\d[Tt]\\d\\d:[0-5]\\d(:[0-5]\\d(\\.\\d{1,9})?)?([Zz]|[+-]\\d\\d:?[0-5]\\d)$';
const SHAPE = new RegExp(INSTANT);

/**
 * ISO 8601 with an offset → milliseconds since the epoch; null for anything else. A blank before the offset is taken
 * for the plus that somebody forgot to encode in an address.
 */
export function readInstant(text: string): number | null {
  const mended = text.replace(/ (?=\d\d:?\d\d$)/, '+');
  const time = SHAPE.test(mended) ? DateTime.fromISO(mended) : null;
  return time?.isValid === true ? time.toMillis() : null;
}
