/**
 * The number under which citizens know their case: seven digits and a check digit, so that a slip of the tongue or of the
 * keypad is noticed instead of leading to somebody else's case. Damm's algorithm finds every single wrong digit and every
 * exchange of two neighbours (H. M. Damm, Total anti-symmetrische Quasigruppen, Marburg 2004), with digits alone.
 */
const QUASIGROUP = [
  '0317598642',
  '7092154863',
  '4206871359',
  '1750983426',
  '6123045978',
  '3674209581',
  '5869720134',
  '8945362017',
  '9438617205',
  '2581436790',
];

/** The last digit of a reference, from those before it. */
export function checkDigit(digits: string): string {
  let interim = 0;
  for (const digit of digits) interim = Number(QUASIGROUP[interim]?.[Number(digit)]);
  return String(interim);
}

const LENGTH = 8;
/** How many there are: the first digit is never 0, which people leave out when they read a number aloud. */
export const REFERENCES = 9_000_000;

/** The reference of a whole number from 0 to REFERENCES − 1. */
export function referenceOf(serial: number): string {
  const digits = String(1_000_000 + serial);
  return digits + checkDigit(digits);
}

/** What a person typed or said: Persian, Arabic and European digits, with blanks and dashes → the reference; null: none. */
export function readReference(text: string): string | null {
  const digits = text
    .replaceAll(/[۰-۹]/g, (digit) => String(digit.charCodeAt(0) - 0x6f0))
    .replaceAll(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x660))
    .replaceAll(/[\s\u200c‐–-]/g, '');
  if (digits.length !== LENGTH || !/^[1-9][0-9]*$/.test(digits)) return null;
  return checkDigit(digits) === '0' ? digits : null;
}
