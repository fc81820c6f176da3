/** Who calls: what the trunk sent, made one E.164 number wherever the same citizen may be written in several ways. */

export interface Caller {
  /** E.164 with `+`, or null when it cannot be known. */
  number: string | null;
  reason: 'withheld' | 'invalid' | null;
}

const IRAN = '98';
/** E.164 allows fifteen digits; the shortest national number in use with a country code has seven. */
const FOREIGN = /^[1-9][0-9]{6,14}$/;
/** Ten digits after the country code: mobiles begin with 9, area codes with 1 to 8. */
const NATIONAL = /^[1-9][0-9]{9}$/;
const LOCAL = /^[1-9][0-9]{7}$/;

/**
 * received: digits and `+` as the dialplan let them through, `''` if none. areaCode: without its 0, e.g. `21`.
 * Taken as the same citizen: +98…, 0098…, 98…, 0…, bare ten digits, eight-digit local numbers.
 */
export function readCaller(received: string, withheld: boolean, areaCode: string): Caller {
  if (withheld || received === '') return { number: null, reason: 'withheld' };
  const number = international(received, areaCode);
  return number === null ? { number: null, reason: 'invalid' } : { number: `+${number}`, reason: null };
}

function international(received: string, areaCode: string): string | null {
  if (received.startsWith('+')) return withCountry(received.slice(1));
  if (received.startsWith('00')) return withCountry(received.slice(2));
  if (received.startsWith('0')) return national(received.slice(1));
  // Ten digits are never a number with its country code: that has twelve.
  if (NATIONAL.test(received)) return IRAN + received;
  if (LOCAL.test(received)) return national(areaCode + received);
  return received.startsWith(IRAN) ? national(received.slice(IRAN.length)) : null;
}

function withCountry(digits: string): string | null {
  if (digits.startsWith(IRAN)) return national(digits.slice(IRAN.length));
  return FOREIGN.test(digits) ? digits : null;
}

function national(digits: string): string | null {
  // `+98 0912…` is a common slip of exchanges that put the country code before the trunk prefix.
  const bare = digits.startsWith('0') ? digits.slice(1) : digits;
  return NATIONAL.test(bare) ? IRAN + bare : null;
}
