import { readFileSync, writeFileSync } from 'node:fs';
import { encode } from '../../../src/stack/phone/g711.mjs';
import type { Chance } from '../../support/random.ts';
import { testStack } from '../../support/stack.ts';
import { lines, PORTS, sourceOf, startSipp, written, type Sipp } from '../support/load.ts';

/** Who calls and who answers in a soak, by SIPp. */

/** Seconds after which a citizen hangs up who is not served; the first belongs to those who stay, and ends what never would. */
const PATIENCE_SECONDS = [150, 4, 9, 14, 19, 25, 31] as const;
/** Of a hundred citizens. */
const IMPATIENT = 40;
/** Longer than a place is told, shorter than the exchange lets ring. */
const RING_SECONDS = [5, 7, 9, 11] as const;
const TALK_SECONDS = [8, 11, 14, 17] as const;
/** Of a hundred offers. */
const MOODS = { unanswered: 4, declined: 4 };
const DECLINE_AFTER_SECONDS = 2;
const MEDIA_PORTS_A_GROUP = 200;
/** Citizens' sound: what they hear comes back, so that both directions carry it for as long as a call lasts. */
const ECHO = '-rtp_echo';

/** Where a group of experts is; each is one SIPp. */
export const groupPort = (group: number): number => PORTS.experts + 20 + 2 * group;
const firstMedia = (group: number): number => 12_400 + MEDIA_PORTS_A_GROUP * group;

const branch = (label: string, seconds: number, then: string, heard: string): string => `
  <label id="${label}"/>
  <recv ${heard} timeout="${seconds * 1000}" ontimeout="${then}"/>`;

/** A choice among equally likely branches by a number from 0 to 100 that stands in `variable`. */
const evenly = (name: string, variable: string, count: number): string =>
  Array.from({ length: count - 1 }, (_, i) => i + 1)
    .map((i) => test(`${name}${i}`, variable, (100 * i) / count))
    .join('\n');

const test = (name: string, variable: string, below: number): string =>
  `      <test assign_to="${name}" variable="${variable}" compare="less_than" value="${below}"/>`;
const jump = (label: string, name: string): string => `  <nop next="${label}" test="${name}"/>`;

/** Jumps to branch 1, 2 … by the tests of that name; what comes behind is the last branch. */
const jumps = (name: string, count: number): string =>
  Array.from({ length: count - 1 }, (_, i) => jump(`${name}-${i + 1}`, `${name}${i + 1}`)).join('\n');

function citizensScenario(): string {
  const last = PATIENCE_SECONDS.length - 1;
  const tests = PATIENCE_SECONDS.slice(0, -1).map((_, i) => test(`patience${i + 1}`, 'patience', i + 1));
  const branches = PATIENCE_SECONDS.map((seconds, i) =>
    branch(`patience-${i + 1}`, seconds, 'hangup', 'request="BYE" next="sent-away"'),
  ).reverse();
  const text = readFileSync(sourceOf('soak-citizens.xml'), 'utf8');
  return text
    .replace(/^PATIENCES$/m, tests.join('\n'))
    .replace(/^BRANCHES$/m, [jumps('patience', last + 1), ...branches].join('\n'));
}

function expertsScenario(): string {
  const { unanswered, declined } = MOODS;
  const moods = [
    test('ignores', 'mood', unanswered),
    test('declines', 'mood', unanswered + declined),
    evenly('ring', 'length', RING_SECONDS.length),
    evenly('talk', 'length', TALK_SECONDS.length),
  ];
  const cancel = 'request="CANCEL" next="cancelled"';
  const rings = RING_SECONDS.map((seconds, i) => branch(`ring-${i + 1}`, seconds, 'answer', cancel));
  const talks = TALK_SECONDS.map((seconds, i) =>
    branch(`talk-${i + 1}`, seconds, 'bye', 'request="BYE" next="hung-up"'),
  );
  const ways = [
    ...[jump('ignore', 'ignores'), jump('declining', 'declines'), jumps('ring', rings.length)],
    ...rings.reverse(),
    `\n  <label id="ignore"/>\n  <recv ${cancel}/>`,
    branch('declining', DECLINE_AFTER_SECONDS, 'decline', cancel),
  ];
  return readFileSync(sourceOf('soak-experts.xml'), 'utf8')
    .replace(/^MOODS$/m, moods.join('\n'))
    .replace(/^RINGS$/m, ways.join('\n'))
    .replace(/^TALKS$/m, [jumps('talk', talks.length), ...talks.reverse()].join('\n'))
    .replace('"VOICE,', `"${voice()},`);
}

/** Ten seconds of a tone, µ-law, as a telephone would send it. */
function voice(): string {
  const file = written('ulaw', '');
  const pcm = Int16Array.from({ length: 80_000 }, (_, i) =>
    Math.round(8000 * Math.sin((2 * Math.PI * 440 * i) / 8000)),
  );
  writeFileSync(file, encode('PCMU', pcm));
  return file;
}

/** The telephones of a group, which answer from now on. */
export function answering(group: number): Sipp {
  const media = firstMedia(group);
  return startSipp({
    scenario: written('xml', expertsScenario()),
    options: ['-p', String(groupPort(group)), '-mp', String(media)],
  });
}

export interface Crowd {
  /** Digits they key, by turns. */
  digits: readonly string[];
  /** There at any time, as far as so many come a second. */
  present: number;
  perSecond: number;
  /** The most there can be in all. */
  most: number;
}

/** Citizens who come steadily, some of whom leave again. logFile: what SIPp says of each (see witness.ts). */
export function crowd({ digits, present, perSecond, most }: Crowd, chance: Chance, logFile: string): Sipp {
  const rows = Array.from({ length: most }, (_, i) => {
    const patience = chance.percent(IMPATIENT) ? chance.whole(1, PATIENCE_SECONDS.length - 1) : 0;
    return `0912${1_000_000 + i};${digits[i % digits.length]};${patience}`;
  });
  const trunk = Object.values(testStack().sip.trunk.headers)[0] ?? '';
  return startSipp({
    scenario: written('xml', citizensScenario()),
    keys: { number: '1378', trunk },
    options: [
      ...['-inf', lines(rows), '-m', String(most), '-l', String(present), '-r', String(perSecond)],
      ...['-p', String(PORTS.citizens), '-mp', String(PORTS.citizensMedia), ECHO],
      ...['-trace_logs', '-log_file', logFile],
    ],
    raw: true,
  });
}
