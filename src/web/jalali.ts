import { toJalaali } from 'jalaali-js';
import { DateTime } from 'luxon';

/** An instant as people here write it: date and time of the solar calendar in a zone, `1405/09/02 12:00`. */
export function jalali(instant: string, zone: string): string {
  const at = DateTime.fromISO(instant, { zone });
  const { jy, jm, jd } = toJalaali(at.year, at.month, at.day);
  const two = (number: number) => String(number).padStart(2, '0');
  return `${jy}/${two(jm)}/${two(jd)} ${at.toFormat('HH:mm')}`;
}
