import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SAID_MINUTES } from '../../src/calls/told-wait.ts';
import { readManifest } from '../../src/stack/voice.mjs';

/**
 * How a prompt key is written, so that this file can find it: in src as a whole string literal ('queue/you-are') or as
 * a template that begins with its family (`ordinal/${place}`, which uses the whole family); in the dialplan as it
 * stands, or as a family followed by a variable (digit/${…}).
 */
const root = new URL('../../', import.meta.url).pathname;
const phrases = readManifest(join(root, 'dialplan/prompts/fa.json')) as Map<
  string,
  { text: string; spoken: string }
>;
const families = new Set([...phrases.keys()].map((key) => key.slice(0, key.indexOf('/'))));

interface Uses {
  keys: Set<string>;
  families: Set<string>;
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(root, folder, file), 'utf8'));
}

function usesOf(texts: readonly string[], key: RegExp, family: RegExp): Uses {
  const known = (name: string) => families.has(name.slice(0, name.indexOf('/')));
  const all = (pattern: RegExp) =>
    texts.flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1]!));
  return {
    keys: new Set(all(key).filter(known)),
    families: new Set(all(family).filter((name) => families.has(name))),
  };
}

const dialplanText = readFileSync(join(root, 'dialplan/extensions.conf'), 'utf8').replace(/^;.*$/gm, '');
const inDialplan = usesOf(
  [dialplanText],
  /(?<![\w/-])([a-z][a-z0-9]*\/[a-z][a-z-]*)/g,
  /(?<![\w/-])([a-z]+)\/\$\{/g,
);
const inSource = usesOf(sources('src'), /'([a-z][a-z0-9]*\/[a-z0-9-]+)'/g, /`([a-z]+)\/\$\{/g);

describe('prompt keys and texts', () => {
  it('are found in the dialplan and in src at all', () => {
    expect(inDialplan.keys).toContain('m137/greeting');
    expect(inDialplan.families).toContain('digit');
    expect(inSource.keys).toContain('clinic/menu');
    expect(inSource.families).toContain('ordinal');
  });

  it('has a text for every key that is used', () => {
    const used = [...inDialplan.keys, ...inSource.keys];
    expect(used.filter((key) => !phrases.has(key))).toEqual([]);
  });

  it('has a use for every text', () => {
    const used = (key: string) =>
      [inDialplan, inSource].some(
        (uses) => uses.keys.has(key) || uses.families.has(key.slice(0, key.indexOf('/'))),
      );
    expect([...phrases.keys()].filter((key) => !used(key))).toEqual([]);
  });

  it('are written in Persian letters and digits only', () => {
    for (const [key, { text, spoken }] of phrases) {
      expect(text, key).toMatch(/^[ء-غف-ٔپچژکگی‌۰-۹ .،؛:]+$/u);
      expect(text + spoken, key).not.toMatch(/[يك0-9٠-٩ـ]/u);
    }
  });

  it('are spoken with the letters they are written with, vowels apart', () => {
    // Where the spelling for the voice differs by more than vowels, it is for one of these reasons.
    const respelled = (text: string) =>
      text
        .replaceAll('۱۳۷', 'صد و سی و هفت')
        .replaceAll('گفت‌وگو', 'گفتگو')
        .replaceAll('سی‌ام', 'سی ام')
        .replaceAll('سه‌ی', 'سه');
    const bare = (text: string) =>
      respelled(text).replaceAll('؛', '،').replace(/[ً-ٕ.،]/gu, '').replaceAll('ٔ', '');
    for (const [key, { text, spoken }] of phrases)
      expect(bare(spoken.replaceAll('ِ', '').replaceAll('سه‌ی', 'سه')), key).toBe(bare(text));
  });
});

/** Numbers from nothing but this table: tens and ones are written out here and nowhere taken from the manifest. */
const ONES =
  'صفر یک دو سه چهار پنج شش هفت هشت نه ده یازده دوازده سیزده چهارده پانزده شانزده هفده هجده نوزده'.split(' ');
const TENS = ['', '', 'بیست', 'سی', 'چهل', 'پنجاه', 'شصت', 'هفتاد', 'هشتاد', 'نود'];

function cardinal(n: number): string {
  if (n < 20) return ONES[n]!;
  const tens = TENS[Math.floor(n / 10)]!;
  return n % 10 === 0 ? tens : `${tens} و ${ONES[n % 10]!}`;
}

function ordinal(n: number): string {
  const irregular: Record<number, string> = { 2: 'دوم', 3: 'سوم' };
  if (n === 1) return 'اول';
  if (n === 30) return 'سی‌ام';
  const last = n < 20 ? n : n % 10;
  const word = irregular[last];
  if (word === undefined) return `${cardinal(n)}م`;
  return n < 20 ? word : `${TENS[Math.floor(n / 10)]!} و ${word}`;
}

function partOfDay(hour: number): string {
  if (hour === 12) return 'ظهر';
  if (hour >= 1 && hour <= 4) return 'بامداد';
  if (hour >= 5 && hour <= 11) return 'صبح';
  return hour >= 13 && hour <= 18 ? 'بعدازظهر' : 'شب';
}

function family(name: string): Map<string, string> {
  return new Map(
    [...phrases].filter(([key]) => key.startsWith(`${name}/`)).map(([key, { text }]) => [key, text]),
  );
}

function expected(name: string, from: number, to: number, text: (n: number) => string): Map<string, string> {
  return new Map(Array.from({ length: to - from + 1 }, (_, i) => [`${name}/${from + i}`, text(from + i)]));
}

describe('numbers in Persian', () => {
  it('says places from the first to the ninety-ninth', () => {
    expect(family('ordinal')).toEqual(expected('ordinal', 1, 99, (n) => `نفر ${ordinal(n)}`));
    expect(phrases.get('ordinal/3')?.text).toBe('نفر سوم');
    expect(phrases.get('ordinal/41')?.text).toBe('نفر چهل و یکم');
    expect(phrases.get('ordinal/92')?.text).toBe('نفر نود و دوم');
  });

  it('says hours on the twelve-hour clock with the part of the day', () => {
    expect(family('hour')).toEqual(
      expected('hour', 0, 23, (h) =>
        // «دوازده شب» of a day is taken for its end; «فردا» would come a day late.
        h === 0 ? 'ساعت صفر بامداد' : `ساعت ${cardinal(h === 12 ? 12 : h % 12)} ${partOfDay(h)}`,
      ),
    );
    expect(phrases.get('hour/8')?.text).toBe('ساعت هشت صبح');
    expect(phrases.get('hour/16')?.text).toBe('ساعت چهار بعدازظهر');
  });

  it('says every number of minutes a wait is rounded to', () => {
    expect(family('count')).toEqual(new Map(SAID_MINUTES.map((n) => [`count/${n}`, cardinal(n)])));
  });

  it('says minutes and digits', () => {
    expect(family('minute')).toEqual(expected('minute', 1, 59, (m) => `و ${cardinal(m)} دقیقه`));
    expect(family('digit')).toEqual(expected('digit', 0, 9, cardinal));
  });

  it('says the days of the week from Monday (1) to Sunday (7)', () => {
    const monday = new Date('2026-11-23T12:00:00+03:30');
    const name = new Intl.DateTimeFormat('fa-IR', { weekday: 'long', timeZone: 'Asia/Tehran' });
    const day = (n: number) => name.format(new Date(monday.getTime() + (n - 1) * 86_400_000));
    expect(family('weekday')).toEqual(expected('weekday', 1, 7, day));
    expect(phrases.get('weekday/7')?.text).toBe('یکشنبه');
  });
});
