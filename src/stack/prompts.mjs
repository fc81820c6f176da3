/**
 * The line's phrases for a studio.
 *
 *     node src/stack/prompts.mjs script [--csv]            what the speaker reads: file, text, how, about how long
 *     node src/stack/prompts.mjs check [folder] [--all]    what has been recorded, and whether it is good; exit code 1 if not
 */
import { realpathSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fault, tellAndFail } from './fault.mjs';
import { projectDir } from './paths.mjs';
import { checkRecordings, expectedSeconds } from './recordings.mjs';
import { readManifest } from './voice.mjs';

const prompts = join(projectDir, 'dialplan', 'prompts');

/**
 * Phrases that are put together with others (src/calls/phrases.ts, extensions.conf): the speaker must not let the voice
 * fall at the end of the first ones.
 */
const PIECES = [
  [/^queue\/you-are$/, 'آغاز جمله؛ پس از آن «نفر سوم» می‌آید. صدا پایین نیاید.'],
  [/^ordinal\//, 'میان «شما» و «در صف هستید.» می‌آید. صدا پایین نیاید.'],
  [/^queue\/in-line$/, 'پایان جملهٔ «شما نفر سوم در صف هستید.»'],
  [/^wait\/(between|below|above)$/, 'پس از آن «پنج» و «دقیقه است.» می‌آید. صدا پایین نیاید.'],
  [/^wait\/to$/, 'میان دو عدد می‌آید: «پنج تا ده». صدا پایین نیاید.'],
  [/^count\//, 'پس از «بین»، «تا»، «کمتر از» و پیش از «دقیقه است.». صدا پایین نیاید.'],
  [/^wait\/minutes$/, 'پایان جملهٔ «بین پنج تا ده دقیقه است.»'],
  [/^specialty\//, 'پس از آن «این بخش در این ساعت پاسخگو نیست.» می‌آید.'],
  [/^closed\/opens$/, 'پس از آن روز و ساعت می‌آید. صدا پایین نیاید.'],
  [/^(day|weekday)\//, 'پس از «زمان پاسخگویی بعدی:» و پیش از ساعت. صدا پایین نیاید.'],
  [/^date\//, 'پس از روز هفته و پیش از نام ماه. صدا پایین نیاید.'],
  [/^month\//, 'پس از روز ماه و پیش از ساعت. صدا پایین نیاید.'],
  [/^hour\//, 'پس از روز؛ شاید دقیقه در پی آن بیاید. صدا کم پایین بیاید.'],
  [/^minute\//, 'پایان جمله، پس از ساعت.'],
  [/^fallback\/number-is$/, 'پس از آن رقم‌ها یکی‌یکی می‌آیند. صدا پایین نیاید.'],
  [/^digit\//, 'یک رقم از شمارهٔ تلفن؛ همه با یک آهنگ، بی پایین آمدن صدا.'],
  [/^feature\//, 'برای کارشناسان.'],
];

/** @returns {{ file: string, text: string, note: string, seconds: string }[]} */
export function scriptRows(phrases) {
  return [...phrases].map(([key, { text, spoken }]) => ({
    ...{ file: `${key}.wav`, text, seconds: expectedSeconds(spoken).toFixed(1) },
    note: PIECES.find(([pattern]) => pattern.test(key))?.[1] ?? '',
  }));
}

const HEAD = ['#', 'file', 'متن', 'یادداشت', 's'];
const cells = ({ file, text, note, seconds }, index) => [String(index + 1), file, text, note, seconds];

export function asMarkdown(rows) {
  const line = (parts) => `| ${parts.join(' | ')} |`;
  return [line(HEAD), line(HEAD.map(() => '---')), ...rows.map((row, index) => line(cells(row, index)))].join(
    '\n',
  );
}

/** For a spreadsheet: with the mark by which it knows UTF-8. */
export function asCsv(rows) {
  const line = (parts) => parts.map((part) => `"${part.replaceAll('"', '""')}"`).join(',');
  return `\ufeff${[line(HEAD), ...rows.map((row, index) => line(cells(row, index)))].join('\r\n')}`;
}

/** @param {import('./recordings.mjs').Verdict[]} verdicts */
export function asReport(verdicts, showMissing) {
  const of = (state) => verdicts.filter((verdict) => verdict.state === state);
  const bad = [...of('faulty'), ...of('unknown')];
  return [
    ...bad.flatMap(({ file, faults }) => [file, ...faults.map((one) => `    ${one}`)]),
    ...(showMissing ? of('missing').map(({ key }) => `not recorded: ${key}`) : []),
    `${of('fine').length} recorded and good, ${of('faulty').length} recorded with faults, ` +
      `${of('missing').length} spoken by the synthetic voice, ${of('unknown').length} files of no phrase`,
  ].join('\n');
}

async function main([command, ...rest]) {
  const phrases = readManifest(join(prompts, 'fa.json'));
  if (command === 'script') {
    const rows = scriptRows(phrases);
    return process.stdout.write(`${rest.includes('--csv') ? asCsv(rows) : asMarkdown(rows)}\n`);
  }
  if (command !== 'check')
    throw fault('usage-unknown', 'Usage: node src/stack/prompts.mjs script [--csv] | check [folder] [--all]');
  const folder = rest.find((word) => !word.startsWith('--'));
  const verdicts = await checkRecordings(resolve(folder ?? join(prompts, 'recordings')), phrases);
  if (verdicts.some(({ state }) => state === 'faulty' || state === 'unknown')) process.exitCode = 1;
  return process.stdout.write(`${asReport(verdicts, rest.includes('--all'))}\n`);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  await main(process.argv.slice(2)).catch(tellAndFail);
}
