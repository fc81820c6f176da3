import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalNumber, hostOf } from '../../src/stack/asterisk-forms.mjs';
import { completed, readAsteriskValues, VALUES, valuesTable } from '../../src/stack/asterisk-values.mjs';

const folders = Object.fromEntries(
  ['etcDir', 'dataDir', 'spoolDir', 'runDir', 'logDir', 'dbDir'].map((name) => [name, `/srv/${name}`]),
);
const passwords = { ARI_PASSWORD: 'ari-secret-0123456789', AMI_PASSWORD: 'ami-secret-0123456789' };
const account = { TRUNK_REGISTRAR: 'sip:sip.provider.ir', TRUNK_USER: '02112345137', TRUNK_PASSWORD: 'x#=1' };

const read = (environment: Record<string, string | undefined>) =>
  readAsteriskValues({ TRUNK_MATCH: '10.1.2.3', ...passwords, ...environment }, folders);

/** Of every value the environment sets. */
const variables = Object.values(VALUES as Record<string, { variable?: string }>).flatMap(
  ({ variable }) => variable ?? [],
);

function faultsOf(environment: Record<string, string | undefined>): string[] {
  try {
    read(environment);
  } catch (error) {
    return (error as { faults: string[] }).faults;
  }
  return [];
}

describe('the environment of a real trunk', () => {
  it("is enough with the provider's address and the two passwords", () => {
    expect(read({})).toMatchObject({
      ...{ trunkMatch: '10.1.2.3', trunkHeaderSecret: '', sipPort: '5060', bindAddress: '0.0.0.0' },
      ...{ clinicNumber: '137', optionDigit: '8', trunkTransport: 'udp', legacyTrunkUri: '' },
    });
  });

  it('takes an empty variable for one that is not set', () => {
    expect(read({ TRUNK_EXPIRES: '', ASTERISK_SIP_PORT: '' })).toMatchObject({
      trunkExpires: '600',
      sipPort: '5060',
    });
  });

  it.each([
    { TRUNK_MATCH: '10.1.2.0/24,2001:db8::/48,10.9.9.9' },
    { TRUNK_URIS: 'sip:10.1.2.3:5060,sip:gw.provider.ir,sip:[2001:db8::1]:5060' },
    { TRUNK_MATCH: '', ...account },
    { ...account, TRUNK_TRANSPORT: 'tcp', TRUNK_DOMAIN: 'ims.provider.ir', TRUNK_AUTH_USER: '+982112345137' },
    { TRUNK_MENU_NUMBERS: '+982112345137,02112345137x', LEGACY_137_KEYED: 'yes', LEGACY_137_NUMBER: '1370' },
    { ASTERISK_TLS_CERT_FILE: '/etc/c.pem', ASTERISK_TLS_KEY_FILE: '/etc/k.pem', TRUNK_TRANSPORT: 'tls' },
    { ASTERISK_BIND_ADDRESS: '::', ASTERISK_EXTERNAL_ADDRESS: '203.0.113.7', TRUNK_DTMF: 'auto_info' },
  ])('takes %o', (environment) => {
    expect(faultsOf(environment)).toEqual([]);
  });

  it.each([
    ['TRUNK_MATCH', '0.0.0.0/0'],
    ['TRUNK_MATCH', '10.1.2.300'],
    ['TRUNK_MATCH', '10.1.2.3/33'],
    ['TRUNK_MATCH', 'gw.provider.ir'],
    ['TRUNK_MATCH', '10.1.2.3,'],
    ['TRUNK_URIS', 'sip:10.1.2.3;transport=tcp'],
    ['TRUNK_URIS', 'sip:137@10.1.2.3'],
    ['TRUNK_URIS', 'sip:10.1.2.3:70000'],
    ['TRUNK_URIS', '10.1.2.3'],
    ['TRUNK_TRANSPORT', 'ws'],
    ['TRUNK_DTMF', 'in-band'],
    ['TRUNK_MENU_NUMBERS', '021-12345137'],
    ['TRUNK_MEDIA_ENCRYPTION', 'yes'],
    ['LEGACY_137_URI', 'sip:a\nb'],
    ['LEGACY_137_RING_SECONDS', '0'],
    ['LEGACY_137_KEYED', 'no'],
    ['ASTERISK_EXTERNAL_ADDRESS', 'clinic.city.ir'],
    ['ASTERISK_RTP_END', '65536'],
    ['CLINIC_OPTION', '88'],
  ])('refuses %s=%j by that name', (variable, text) => {
    const faults = faultsOf({ [variable]: text });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toMatch(new RegExp(`^${variable} must be `));
  });

  it.each([
    ['without any trunk', { TRUNK_MATCH: '' }, 'no trunk'],
    ['with half an account', { TRUNK_REGISTRAR: 'sip:a', TRUNK_USER: 'b' }, 'TRUNK_PASSWORD belong together'],
    ['with half a certificate', { ASTERISK_TLS_KEY_FILE: '/k' }, 'belong together'],
    ['with authorities and no certificate', { ASTERISK_TLS_CA_FILE: '/ca' }, 'does nothing without'],
    ['with TLS and no certificate', { LEGACY_137_TRANSPORT: 'tls' }, 'needs ASTERISK_TLS_CERT_FILE'],
    ['with RTP ports in the wrong order', { ASTERISK_RTP_START: '30000' }, 'must lie above'],
    ['with two servers on a port', { ASTERISK_HTTP_PORT: '5060' }, 'same port'],
    ['with a number of both kinds', { TRUNK_DIRECT_NUMBERS: '137' }, 'both have 137'],
    [
      'with a number of both kinds, written differently',
      { TRUNK_MENU_NUMBERS: '+982112345137', TRUNK_DIRECT_NUMBERS: '02112345137' },
      'both have 2112345137',
    ],
  ])('refuses one %s', (_, environment, words) => {
    expect(faultsOf(environment).join()).toContain(words);
  });

  it('tells all faults together, and no password in them', () => {
    const faults = faultsOf({
      TRUNK_URIS: 'x',
      TRUNK_DTMF: 'x',
      ...account,
      TRUNK_PASSWORD: 'se;cret',
      AMI_PASSWORD: '',
    });
    expect(faults.map((fault) => fault.split(' ')[0]).sort()).toEqual([
      'AMI_PASSWORD',
      'TRUNK_DTMF',
      'TRUNK_PASSWORD',
      'TRUNK_URIS',
    ]);
    expect(faults.join()).not.toContain('se;cret');
  });

  it('lets nothing through that could begin a line, a comment, a placeholder or an escape', () => {
    const nasty = fc.string({ unit: fc.constantFrom(...`\r\n;{}[]\\ \t"$#=a1.,:/@`) });
    const text = fc.oneof(
      nasty,
      fc.string(),
      fc.tuple(fc.constant('sip:a1'), nasty).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(fc.constantFrom(...variables), text, (variable, given) => {
        const refused = faultsOf({ ...account, [variable]: given }).length > 0;
        if (!refused && given !== '') expect(given).not.toMatch(/[\r\n;{}\\]|^\s|\s$/);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('what the templates get', () => {
  it("has each address with its transport, and the account's domain and name", () => {
    const given = read({ ...account, TRUNK_URIS: 'sip:10.1.2.3,sip:10.1.2.4:5070', TRUNK_TRANSPORT: 'tcp' });
    expect(completed(given)).toMatchObject({
      trunkUris: 'sip:10.1.2.3\\;transport=tcp,sip:10.1.2.4:5070\\;transport=tcp',
      trunkRegistrar: 'sip:sip.provider.ir\\;transport=tcp',
      ...{ trunkDomain: 'sip.provider.ir', trunkAuthUser: '02112345137', legacyTrunkUri: '' },
    });
  });

  it('has numbers in one form, and an IPv6 address in brackets', () => {
    const given = read({ TRUNK_MENU_NUMBERS: '+982112345137,ClinicLine', ASTERISK_BIND_ADDRESS: '::1' });
    expect(completed(given)).toMatchObject({
      trunkMenuNumbers: '2112345137,clinicline',
      bindAddress: '[::1]',
    });
  });

  it.each([
    ['02112345137', '2112345137'],
    ['+982112345137', '2112345137'],
    ['00982112345137', '2112345137'],
    ['982112345137', '2112345137'],
    ['2112345137', '2112345137'],
    ['+9821137', '21137'],
    ['021137', '21137'],
    ['98123456', '98123456'],
    ['137', '137'],
  ])('%s is compared as %s', (written, compared) => {
    expect(canonicalNumber(written)).toBe(compared);
  });

  it('knows the host of an address', () => {
    expect(['sip:a.ir', 'sips:a.ir:5061', 'sip:[2001:db8::1]:5060', ''].map(hostOf)).toEqual([
      ...['a.ir', 'a.ir', '[2001:db8::1]', ''],
    ]);
  });
});

describe('the guide', () => {
  it('has the table of all values as they are', () => {
    const guide = readFileSync(new URL('../../dialplan/trunk.md', import.meta.url), 'utf8');
    const [, table = ''] = /<!-- values:start -->\n+([\s\S]*?)\n+<!-- values:end -->/.exec(guide) ?? [];
    const plain = (text: string) => text.replace(/ +/g, ' ').replace(/-+/g, '-');
    expect(plain(table)).toBe(plain(valuesTable()));
  });

  it('names every variable that it speaks of as it is', () => {
    const guide = readFileSync(new URL('../../dialplan/trunk.md', import.meta.url), 'utf8');
    const known = new Set(variables);
    const named = [...guide.matchAll(/\b(?:TRUNK|LEGACY_137|ASTERISK)_[A-Z_]*[A-Z]/g)].map(([name]) => name);
    expect(named.filter((name) => !known.has(name))).toEqual([]);
  });
});
