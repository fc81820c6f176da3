/**
 * Every value of Asterisk's configuration: what it means, the environment variable that sets it, its default and its
 * form. The one place for the stack, the image and the guide (dialplan/trunk.md, whose table is made here).
 *
 * No form allows a line break, a semicolon, a bracket or a brace: no value can begin a line, a section, a comment or a
 * placeholder of its own. The one exception is `\;transport=`, which is written here and never taken from outside.
 *
 *     node src/stack/asterisk-values.mjs        checks this environment, shows what would be used, secrets left out
 *     node src/stack/asterisk-values.mjs table  the table of the guide
 */
import { realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { tellAndFail } from './fault.mjs';
import * as form from './asterisk-forms.mjs';

/** @typedef {{ form: import('./asterisk-forms.mjs').Form, variable?: string, fallback?: string, optional?: boolean, secret?: boolean, meaning?: string }} Setting */

const at = (variable, fallback, of, meaning) => ({ variable, fallback, form: of, meaning });
/** May be '' (not configured). */
const maybe = (variable, of, meaning) => ({ variable, fallback: '', form: of, meaning, optional: true });
const secret = (setting) => ({ ...setting, secret: true });
/** Set by whoever installs: as Asterisk sees them; with a root file system of its own they are mounted at the same path. */
const folder = { form: form.path };

/** @satisfies {Record<string, Setting>} */
export const VALUES = Object.freeze({
  systemName: at(
    'ASTERISK_SYSTEM_NAME',
    'clinic',
    form.name,
    'Name of this exchange; it stands before every unique id, so two exchanges never share one',
  ),
  bindAddress: at('ASTERISK_BIND_ADDRESS', '0.0.0.0', form.address, 'Address SIP is bound to'),
  controlAddress: at(
    'ASTERISK_CONTROL_ADDRESS',
    '127.0.0.1',
    form.address,
    'Address of ARI, AMI and SIP over WebSocket; loopback unless the application runs in a container beside it',
  ),
  externalAddress: maybe(
    'ASTERISK_EXTERNAL_ADDRESS',
    form.address,
    'Public address told to everyone outside `ASTERISK_LOCAL_NETS` when the exchange stands behind NAT',
  ),
  localNets: at(
    'ASTERISK_LOCAL_NETS',
    '10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,127.0.0.0/8',
    form.networks,
    "Networks told the own address instead, the exchange's own among them; a provider reached without NAT belongs in here",
  ),
  sipPort: at('ASTERISK_SIP_PORT', '5060', form.port, 'SIP over UDP and TCP'),
  sipTlsPort: at('ASTERISK_SIP_TLS_PORT', '5061', form.port, 'SIP over TLS, with a certificate only'),
  httpPort: at('ASTERISK_HTTP_PORT', '8188', form.port, 'ARI (`/ari`) and SIP over WebSocket (`/ws`)'),
  amiPort: at('AMI_PORT', '5139', form.port, 'AMI'),
  rtpStart: at('ASTERISK_RTP_START', '20000', form.port, 'First UDP port of sound'),
  rtpEnd: at('ASTERISK_RTP_END', '20999', form.port, 'Last UDP port of sound; two for every leg of a call'),
  ariUsername: at('ARI_USERNAME', 'clinic', form.name, 'ARI account'),
  ariPassword: secret(at('ARI_PASSWORD', undefined, form.secret, 'ARI password')),
  amiUsername: at('AMI_USERNAME', 'clinic', form.name, 'AMI account'),
  amiPassword: secret(at('AMI_PASSWORD', undefined, form.secret, 'AMI password')),
  /** Where the rendered files lie (astetcdir). */
  etcDir: folder,
  /** Data: `sounds/` (voice.mjs fills it: fa/…, music/) and links to what the package brings. */
  dataDir: folder,
  /** Recordings lie in its `recording/`. */
  spoolDir: folder,
  runDir: folder,
  logDir: folder,
  /** AstDB: registered telephones, experts' endpoints and the calls kept while the application was away. */
  dbDir: folder,
  clinicNumber: at('CLINIC_NUMBER', '137', form.shortNumber, 'The short number'),
  optionDigit: at(
    'CLINIC_OPTION',
    '8',
    form.digit,
    "The clinic's digit in the number's menu; number and digit together are the direct number",
  ),
  sipRealm: at('SIP_REALM', 'clinic', form.name, "Digest realm of experts' telephones"),
  tlsCertFile: maybe(
    'ASTERISK_TLS_CERT_FILE',
    form.path,
    'Certificate of SIP over TLS, with its chain (PEM)',
  ),
  tlsKeyFile: maybe('ASTERISK_TLS_KEY_FILE', form.path, 'Its key; both or neither'),
  tlsCaFile: maybe(
    'ASTERISK_TLS_CA_FILE',
    form.path,
    "Authorities a TLS provider's certificate is checked against; without it no certificate is checked",
  ),
  /** Test trunk on loopback: the value of the X-Clinic-Trunk header. Absent in production. */
  trunkHeaderSecret: secret({ form: form.secret, optional: true }),
  trunkMatch: maybe(
    'TRUNK_MATCH',
    form.trunkNetworks,
    "Addresses and networks calls are taken from: the provider's, Kamailio's, the 137 platform's where it stands before us",
  ),
  trunkUris: maybe(
    'TRUNK_URIS',
    form.sipUris,
    "The provider's SIP addresses, e.g. `sip:10.1.2.3:5060`: each is asked by OPTIONS every half minute",
  ),
  trunkTransport: at(
    'TRUNK_TRANSPORT',
    'udp',
    form.transport,
    'How `TRUNK_URIS` and `TRUNK_REGISTRAR` are spoken to: `udp`, `tcp`, `tls`',
  ),
  trunkMediaEncryption: maybe(
    'TRUNK_MEDIA_ENCRYPTION',
    form.mediaEncryption,
    '`sdes`: the trunk speaks SRTP and nothing else',
  ),
  trunkDtmf: at(
    'TRUNK_DTMF',
    'auto',
    form.dtmf,
    'How digits come: `auto` (RFC 4733, in the sound where it is not offered), `rfc4733`, `info`, `auto_info`, `inband`',
  ),
  trunkMenuNumbers: maybe(
    'TRUNK_MENU_NUMBERS',
    form.numbers,
    'More numbers that reach the menu, as the provider writes them, e.g. `02112345678`, or its name for our account',
  ),
  trunkDirectNumbers: maybe(
    'TRUNK_DIRECT_NUMBERS',
    form.numbers,
    'More numbers that reach the clinic without the menu',
  ),
  trunkRegistrar: maybe(
    'TRUNK_REGISTRAR',
    form.sipUri,
    'Where we register, e.g. `sip:sip.provider.ir`; only with a provider that asks for it',
  ),
  trunkDomain: maybe('TRUNK_DOMAIN', form.host, "The account's domain; default: the registrar's host"),
  trunkUser: maybe('TRUNK_USER', form.sipUser, 'The account'),
  trunkAuthUser: maybe(
    'TRUNK_AUTH_USER',
    form.sipUser,
    'Its name for the password, where that is another one',
  ),
  trunkPassword: secret(maybe('TRUNK_PASSWORD', form.password, "The account's password")),
  trunkExpires: at('TRUNK_EXPIRES', '600', form.seconds, 'Seconds a registration is asked for'),
  /** Where the local stack's callbacks go: somebody who answers as a citizen would. Absent in production. */
  callbackUri: { form: form.sipUri, optional: true },
  legacyTrunkUri: maybe(
    'LEGACY_137_URI',
    form.sipUri,
    'The existing 137 platform behind us, e.g. `sip:10.1.2.3:5060`: gets the other digits of the menu',
  ),
  legacyTransport: at(
    'LEGACY_137_TRANSPORT',
    'udp',
    form.transport,
    'How it is spoken to: `udp`, `tcp`, `tls`',
  ),
  legacyNumber: at(
    'LEGACY_137_NUMBER',
    '137',
    form.shortNumber,
    'What is dialled there, before the digit or alone (see the next)',
  ),
  legacyKeyed: maybe(
    'LEGACY_137_KEYED',
    form.yes,
    '`yes`: the number alone is dialled and the digit is keyed into its menu once it has answered; empty: `1373`',
  ),
  legacyRingSeconds: at('LEGACY_137_RING_SECONDS', '30', form.seconds, 'How long it may ring'),
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
 * The values as an environment sets them: for the image, systemd and the local stack.
 *
 * @param {Readonly<Record<string, string | undefined>>} environment
 * @param {Record<string, string | number>} [fixed] values that are not asked of the environment: the folders, and what
 *   an installation decides by itself (the local stack: its ports and passwords)
 * @returns {Record<string, string>} whole and checked, for renderAsteriskConfig
 * @throws {AsteriskConfigError} naming every fault at once, by the variables' names
 */
export function readAsteriskValues(environment, fixed = {}) {
  const given = {};
  for (const [value, { variable, fallback }] of Object.entries(VALUES)) {
    const set = variable === undefined ? undefined : environment[variable];
    const text = set === undefined || set === '' ? fallback : set;
    if (text !== undefined) given[value] = text;
  }
  const values = { ...given, ...fixed };
  const named = (value) => (value in fixed ? undefined : VALUES[value]?.variable);
  return checkValues(values, named);
}

/**
 * @param {Record<string, string | number>} values
 * @param {(value: string) => string | undefined} [named] the name a person knows it by
 * @returns {Record<string, string>} the same as text; optional ones that are missing as ''
 * @throws {AsteriskConfigError}
 */
export function checkValues(values, named = () => undefined) {
  const faults = [];
  const checked = {};
  const called = (value) => named(value) ?? `the value ${value}`;
  for (const [value, setting] of Object.entries(VALUES)) {
    const text = String(values[value] ?? (setting.optional ? '' : (setting.fallback ?? '')));
    checked[value] = text;
    if (text === '' && setting.optional) continue;
    if (text === '') faults.push(`${called(value)} is missing`);
    else if (!setting.form.test(text)) faults.push(`${called(value)} must be ${setting.form.what}`);
  }
  for (const value of Object.keys(values))
    if (!(value in VALUES)) faults.push(`the value ${value} is unknown`);
  // What does not even have its form would only be told twice.
  if (faults.length === 0) faults.push(...form.disagreements(checked, called));
  if (faults.length > 0) throw new AsteriskConfigError(faults);
  return checked;
}

/**
 * What the templates get: numbers in the form the dialplan compares, addresses with their transport.
 * @param {Record<string, string>} values checked
 */
export function completed(values) {
  const withTransport = (uris, transport) =>
    transport === 'udp' || uris === ''
      ? uris
      : uris
          .split(',')
          .map((uri) => `${uri}\\;transport=${transport}`)
          .join(',');
  const canonical = (numbers) => numbers.split(',').map(form.canonicalNumber).join(',');
  return {
    ...values,
    // With a port behind it, an IPv6 address stands in brackets.
    bindAddress: values.bindAddress.includes(':') ? `[${values.bindAddress}]` : values.bindAddress,
    trunkUris: withTransport(values.trunkUris, values.trunkTransport),
    trunkRegistrar: withTransport(values.trunkRegistrar, values.trunkTransport),
    legacyTrunkUri: withTransport(values.legacyTrunkUri, values.legacyTransport),
    trunkDomain: values.trunkDomain === '' ? form.hostOf(values.trunkRegistrar) : values.trunkDomain,
    trunkAuthUser: values.trunkAuthUser === '' ? values.trunkUser : values.trunkAuthUser,
    trunkMenuNumbers: canonical(values.trunkMenuNumbers),
    trunkDirectNumbers: canonical(values.trunkDirectNumbers),
  };
}

/** The guide's table, one row a variable. */
export function valuesTable() {
  const rows = Object.values(VALUES)
    .filter(({ variable }) => variable !== undefined)
    .map(({ variable, fallback, meaning }) => {
      const shown = fallback === undefined ? '**required**' : fallback === '' ? '(empty)' : `\`${fallback}\``;
      return `| \`${variable}\` | ${shown} | ${meaning} |`;
    });
  return ['| variable | default | meaning |', '| --- | --- | --- |', ...rows].join('\n');
}

function main([command]) {
  if (command === 'table') return process.stdout.write(`${valuesTable()}\n`);
  const folders = Object.entries(VALUES).filter(([, { variable, optional }]) => !variable && !optional);
  const values = readAsteriskValues(process.env, Object.fromEntries(folders.map(([name]) => [name, '/-'])));
  const lines = Object.entries(VALUES)
    .filter(([name, { variable }]) => variable !== undefined && values[name] !== '')
    .map(([name, setting]) => `${setting.variable}=${setting.secret ? '(set)' : values[name]}`);
  return process.stdout.write(`${lines.join('\n')}\n`);
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  try {
    main(process.argv.slice(2));
  } catch (error) {
    tellAndFail(error);
  }
}
