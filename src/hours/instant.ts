import { DateTime } from 'luxon';

const SHAPE = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)$/i;

/**
 * ISO 8601 with an offset → milliseconds since the epoch; null for anything else. A blank before the offset is taken
 * for the plus that somebody forgot to encode in an address.
 */
export function readInstant(text: string): number | null {
  const mended = text.replace(/ (?=\d\d:?\d\d$)/, '+');
  const time = SHAPE.test(mended) ? DateTime.fromISO(mended) : null;
  return time?.isValid === true ? time.toMillis() : null;
}
