/**
 * Asterisk's configuration: the files of dialplan/ with addresses, ports and secrets put in.
 *
 * A template writes `{{name}}` for a value, and `{{#if name}}` … `{{/if}}` (each on a line of its own, not nested)
 * around lines that stand only when an optional value is given. Strict on both sides: a placeholder without a value, a
 * value nobody asked for and a value of the wrong form are all faults, told together. Which values there are and what each
 * may look like stands in asterisk-values.mjs.
 */
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { AsteriskConfigError, checkValues, completed, VALUES } from './asterisk-values.mjs';

/**
 * Writes the configuration into outDir (files 0600, the folder 0700, each replaced atomically; files of an earlier
 * rendering that no template stands for any more are removed) and the links of the data folder.
 *
 * @param {{ templatesDir: string, outDir: string, values: Record<string, string | number>, dataDir?: string, packageDataDir?: string }} options
 *   dataDir: where this process reaches values.dataDir, if that is elsewhere; packageDataDir: where Asterisk's package keeps documentation and ARI's
 *   description (Debian: /usr/share/asterisk), as Asterisk sees it.
 * @returns {string[]} names of the written files
 * @throws {AsteriskConfigError}
 */
export function renderAsteriskConfig({
  templatesDir,
  outDir,
  values,
  dataDir,
  packageDataDir = '/usr/share/asterisk',
}) {
  const checked = completed(checkValues(values));
  const names = readdirSync(templatesDir)
    .filter((file) => file.endsWith('.conf'))
    .sort();
  const used = new Set();
  const faults = [];
  const texts = names.map((file) =>
    render(file, readFileSync(join(templatesDir, file), 'utf8'), checked, used, faults),
  );
  if (names.length === 0) faults.push(`no templates in ${templatesDir}`);
  for (const value of Object.keys(VALUES))
    if (names.length > 0 && !used.has(value)) faults.push(`no template uses the value ${value}`);
  if (faults.length > 0) throw new AsteriskConfigError(faults);

  mkdirSync(outDir, { recursive: true, mode: 0o700 });
  for (const old of readdirSync(outDir))
    if (old.endsWith('.conf') && !names.includes(old)) rmSync(join(outDir, old));
  names.forEach((file, index) => replaceFile(join(outDir, file), texts[index]));
  linkPackageData(dataDir ?? checked.dataDir, packageDataDir);
  return names;
}

function render(file, template, values, used, faults) {
  const lines = [];
  let condition;
  template.split('\n').forEach((line, index) => {
    const fault = (text) => faults.push(`${file}:${index + 1}: ${text}`);
    const known = (value) => {
      if (value in VALUES) return used.add(value);
      return fault(`unknown placeholder ${value}`);
    };
    const opened = /^\{\{#if ([A-Za-z]+)\}\}$/.exec(line);
    if (opened) {
      if (condition !== undefined) fault('conditions are not nested');
      known(opened[1]);
      if (!VALUES[opened[1]]?.optional) fault(`${opened[1]} is not optional`);
      condition = opened[1];
    } else if (line === '{{/if}}') {
      if (condition === undefined) fault('an end without a condition');
      condition = undefined;
    } else {
      const text = line.replace(/\{\{([A-Za-z]+)\}\}/g, (_, value) => (known(value), values[value] ?? ''));
      if (text.includes('{{')) fault('a placeholder is not well formed');
      if (condition === undefined || values[condition] !== '') lines.push(text);
    }
  });
  if (condition !== undefined) faults.push(`${file}: the condition on ${condition} has no end`);
  return lines.join('\n');
}

/** Asterisk wants its own documentation and ARI's description beside the sounds; links serve, also into a root of its own. */
function linkPackageData(dataDir, packageDataDir) {
  mkdirSync(join(dataDir, 'sounds', 'music'), { recursive: true });
  mkdirSync(join(dataDir, 'keys'), { recursive: true });
  for (const part of ['documentation', 'rest-api']) {
    rmSync(join(dataDir, part), { force: true });
    symlinkSync(join(packageDataDir, part), join(dataDir, part));
  }
}

function replaceFile(file, text) {
  const fresh = `${file}.new`;
  writeFileSync(fresh, text, { mode: 0o600 });
  renameSync(fresh, file);
}
