/**
 * Asterisk's configuration: the files of dialplan/ with addresses, ports and secrets put in.
 *
 * A template writes `{{name}}` for a value, and `{{#if name}}` … `{{/if}}` (each on a line of its own, not nested)
 * around lines that stand only when an optional value is given. Strict on both sides: a placeholder without a value, a
 * value nobody asked for and a value of the wrong form are all faults, told together. What a value may look like is
 * listed here once; no form allows a line break, a semicolon or a bracket, so that no value can begin a line, a section
 * or a comment of its own.
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

const port = { pattern: /^[1-9][0-9]{0,4}$/ };
const path = { pattern: /^\/[A-Za-z0-9_./@+ -]*$/ };
const name = { pattern: /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/ };
const secret = { pattern: /^[A-Za-z0-9_-]{16,128}$/ };
const address = { pattern: /^[0-9A-Fa-f.:]{2,45}$/ };

/**
 * Every value, its form, and whether it may be '' (not configured).
 * Directories are given as Asterisk sees them: with a root file system of its own they are mounted at the same path.
 */
export const VALUES = Object.freeze({
  /** Name of this exchange; it stands before every unique id, so two exchanges never share one. */
  systemName: name,
  /** Address SIP and RTP are bound to. */
  bindAddress: address,
  /** Address of ARI, SIP over WebSocket and AMI; loopback unless the application runs in a container beside it. */
  controlAddress: address,
  /** Public address told to telephones when the exchange stands behind NAT. */
  externalAddress: { ...address, optional: true },
  /** UDP and TCP. */
  sipPort: port,
  sipTlsPort: port,
  /** ARI under /ari and SIP over WebSocket under /ws. */
  httpPort: port,
  amiPort: port,
  rtpStart: port,
  rtpEnd: port,
  ariUsername: name,
  ariPassword: secret,
  amiUsername: name,
  amiPassword: secret,
  /** Where the rendered files lie (astetcdir). */
  etcDir: path,
  /** Data: `sounds/` (voice.mjs fills it: fa/…, music/) and links to what the package brings. */
  dataDir: path,
  /** Recordings lie in its `recording/`. */
  spoolDir: path,
  runDir: path,
  logDir: path,
  /** AstDB: registered telephones, experts' endpoints and the calls kept while the application was away. */
  dbDir: path,
  /** Test trunk on loopback: the value of the X-Clinic-Trunk header. Absent in production. */
  trunkHeaderSecret: { ...secret, optional: true },
  /** Real trunk: addresses or networks, comma-separated. Exactly one of the two trunk values is given. */
  trunkMatch: { pattern: /^[0-9A-Fa-f.:/]+(,[0-9A-Fa-f.:/]+)*$/, optional: true },
  /** The existing 137 platform, e.g. `sip:10.1.2.3:5060`. */
  legacyTrunkUri: { pattern: /^sips?:[A-Za-z0-9.-]+(:[0-9]{1,5})?$/, optional: true },
  /** The short number, 137. */
  clinicNumber: { pattern: /^[0-9]{2,8}$/ },
  /** The clinic's digit in the number's menu, 8; number and digit together are the direct number. */
  optionDigit: { pattern: /^[0-9]$/ },
  sipRealm: name,
  /** Both or neither: SIP over TLS is offered only with a certificate. */
  tlsCertFile: { ...path, optional: true },
  tlsKeyFile: { ...path, optional: true },
});

/** A fault of the values or the templates. `faults` names each; no secret stands in a message. */
export class AsteriskConfigError extends Error {
  code = 'asterisk-config-invalid';
  constructor(faults) {
    super(`Asterisk's configuration cannot be written:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

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
  const checked = checkValues(values);
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

function checkValues(values) {
  const faults = [];
  const checked = {};
  for (const [value, form] of Object.entries(VALUES)) {
    const given = values[value];
    const text = given === undefined ? undefined : String(given);
    if (text === undefined) faults.push(`the value ${value} is missing`);
    else if (!(text === '' && form.optional) && !form.pattern.test(text))
      faults.push(`the value ${value} does not have the form ${form.pattern}`);
    checked[value] = text ?? '';
  }
  for (const value of Object.keys(values))
    if (!(value in VALUES)) faults.push(`the value ${value} is unknown`);
  if ((checked.trunkHeaderSecret === '') === (checked.trunkMatch === ''))
    faults.push('exactly one of trunkHeaderSecret and trunkMatch must be given');
  if ((checked.tlsCertFile === '') !== (checked.tlsKeyFile === ''))
    faults.push('tlsCertFile and tlsKeyFile belong together');
  if (faults.length > 0) throw new AsteriskConfigError(faults);
  return checked;
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
