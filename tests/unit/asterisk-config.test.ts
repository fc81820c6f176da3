import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { renderAsteriskConfig } from '../../src/stack/asterisk-config.mjs';
import { VALUES } from '../../src/stack/asterisk-values.mjs';

const templatesDir = new URL('../../dialplan/', import.meta.url).pathname;
let folder: string;
let outDir: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'asterisk-config-'));
  outDir = join(folder, 'etc');
});
afterEach(() => rmSync(folder, { recursive: true }));

function values(change: Record<string, string | number> = {}): Record<string, string | number> {
  return {
    systemName: 'clinic-test',
    bindAddress: '127.0.0.1',
    controlAddress: '127.0.0.1',
    externalAddress: '',
    sipPort: 5137,
    sipTlsPort: 5138,
    httpPort: 8188,
    amiPort: 5139,
    rtpStart: 20000,
    rtpEnd: 20999,
    ariUsername: 'clinic',
    ariPassword: 'ari-secret-0123456789',
    amiUsername: 'clinic',
    amiPassword: 'ami-secret-0123456789',
    etcDir: outDir,
    dataDir: join(folder, 'data'),
    spoolDir: join(folder, 'spool'),
    runDir: join(folder, 'run'),
    logDir: join(folder, 'log'),
    dbDir: join(folder, 'db'),
    trunkHeaderSecret: 'trunk-secret-0123456789',
    trunkMatch: '',
    legacyTrunkUri: '',
    clinicNumber: '137',
    optionDigit: 8,
    ...{ localNets: '10.0.0.0/8', trunkTransport: 'udp', trunkDtmf: 'rfc4733', trunkExpires: 600 },
    ...{ legacyTransport: 'udp', legacyNumber: '137', legacyRingSeconds: 30 },
    sipRealm: 'clinic',
    tlsCertFile: '',
    tlsKeyFile: '',
    ...change,
  };
}

function render(change: Record<string, string | number> = {}, templates = templatesDir) {
  const names = renderAsteriskConfig({ templatesDir: templates, outDir, values: values(change) });
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(outDir, name), 'utf8')]));
}

function faultsOf(act: () => unknown): string[] {
  try {
    act();
  } catch (error) {
    expect(error).toMatchObject({ code: 'asterisk-config-invalid' });
    return (error as { faults: string[] }).faults;
  }
  throw new Error('no fault was told');
}

/** A folder of templates of our own, which use every value once so that only the wanted fault is left. */
function templates(text: string): string {
  const own = join(folder, 'templates');
  mkdirSync(own);
  const all = Object.keys(VALUES).map((name) => `; {{${name}}}`);
  writeFileSync(join(own, 'one.conf'), `${all.join('\n')}\n${text}`);
  return own;
}

describe('rendering', () => {
  it('puts every value in and leaves no brace behind', () => {
    const files = render();
    for (const [name, text] of Object.entries(files)) expect(text, name).not.toContain('{{');
    expect(files['pjsip.conf']).toContain('bind = 127.0.0.1:5137');
    expect(files['pjsip.conf']).toContain('match_header = X-Clinic-Trunk: trunk-secret-0123456789');
    expect(files['extensions.conf']).toContain('exten => 1378,1,');
    expect(files['rtp.conf']).toMatch(/rtpstart = 20000\nrtpend = 20999/);
  });

  it('keeps secrets to their owner and links what the package brings', () => {
    render();
    expect(statSync(join(outDir, 'ari.conf')).mode & 0o777).toBe(0o600);
    expect(statSync(outDir).mode & 0o777).toBe(0o700);
    expect(readlinkSync(join(folder, 'data', 'rest-api'))).toBe('/usr/share/asterisk/rest-api');
    expect(existsSync(join(folder, 'data', 'sounds'))).toBe(true);
  });

  it('can be repeated, and takes away what no template stands for any more', () => {
    const first = render();
    writeFileSync(join(outDir, 'users.conf'), '[old]');
    expect(render()).toEqual(first);
    expect(existsSync(join(outDir, 'users.conf'))).toBe(false);
  });

  it('offers TLS only with a certificate', () => {
    expect(render()['pjsip.conf']).not.toContain('transport-tls');
    const files = render({ tlsCertFile: '/etc/clinic/cert.pem', tlsKeyFile: '/etc/clinic/key.pem' });
    expect(files['pjsip.conf']).toMatch(
      /\[transport-tls\][^[]*bind = 127\.0\.0\.1:5138\ncert_file = \/etc\/clinic\/cert\.pem/,
    );
  });
});

describe('the trunks', () => {
  it('knows a real trunk by its address, and then takes no header for it', () => {
    const text = render({ trunkHeaderSecret: '', trunkMatch: '10.1.0.0/24,10.2.0.1' })['pjsip.conf'];
    expect(text).toContain('match = 10.1.0.0/24,10.2.0.1');
    expect(text).not.toContain('match_header');
  });

  it('never knows a trunk by user name, since no password stands behind it', () => {
    const text = render({ legacyTrunkUri: 'sip:10.9.8.7:5060' })['pjsip.conf']!;
    const endpoints = text.split(/^\[/m).filter((section) => section.includes('type = endpoint'));
    expect(endpoints).toHaveLength(2);
    for (const endpoint of endpoints)
      expect(/identify_by = (.*)/.exec(endpoint)?.[1]).not.toMatch(/\busername|,username/);
  });

  it('leads outward only to the existing platform, and only where one is configured', () => {
    const dials = (text: string | undefined) =>
      [...(text ?? '').matchAll(/Dial\(([^,)]*)/g)].map((match) => match[1]);
    expect(dials(render()['extensions.conf'])).toEqual([]);
    expect(dials(render({ legacyTrunkUri: 'sip:10.9.8.7:5060' })['extensions.conf'])).toEqual([
      'PJSIP/${NUMBER}@legacy-137',
    ]);
  });
});

describe('the dialplan as it is written', () => {
  it('gives experts their feature codes and nothing else', () => {
    const contexts = new Map(
      render()
        ['extensions.conf']!.split(/^\[/m)
        .map((section) => [section.slice(0, section.indexOf(']')), section] as const),
    );
    const extensions = [...contexts.get('experts')!.matchAll(/^(?:exten|include) => ([^,\n]+)/gm)].map(
      (match) => match[1],
    );
    expect(extensions).toEqual(['*45', '*46', '*47', '_*5X']);
    expect(
      [...contexts.get('trunk-137')!.matchAll(/^(?:exten|include) => ([^,\n]+)/gm)].map((match) => match[1]),
    ).toEqual(['137', '1378', '_[+0-9A-Za-z]!']);
  });

  it('uses nothing from outside without a filter', () => {
    const text = render()['extensions.conf']!.replace(/^;.*$/gm, '');
    for (const outside of ['CALLERID(num)', 'CHANNEL(pjsip,call-id)', 'CHANNEL(pjsip,local_uri)']) {
      const uses = [...text.matchAll(new RegExp(`.{0,60}\\$\\{${outside.replace(/[()]/g, '\\$&')}`, 'g'))];
      expect(uses.length, outside).toBeGreaterThan(0);
      for (const [use] of uses) expect(use).toMatch(/FILTER\([^,]*,\$\{[^{]*$/);
    }
    expect(text).not.toMatch(/\b(SHELL|System|AGI|EVAL|Transfer|PJSIP_HEADER)\(/);
  });

  it('keeps what could send a call elsewhere out of the modules', () => {
    const modules = render()['modules.conf']!.replace(/;.*$/gm, '');
    expect(modules).toContain('autoload = no');
    expect(modules).not.toMatch(/transfer|messaging|parking|app_system|func_shell|res_agi|disa|pickup/);
  });

  it('refuses transfers at every endpoint: res_pjsip_refer is there to say no', () => {
    const text = render({ legacyTrunkUri: 'sip:10.9.8.7:5060' })['pjsip.conf']!;
    const endpoints = text.split(/^\[/m).filter((section) => section.includes('type = endpoint'));
    expect(endpoints.map((endpoint) => /^allow_transfer = (.*)$/m.exec(endpoint)?.[1])).toEqual(['no', 'no']);
    const softphone = JSON.parse(readFileSync(join(templatesDir, 'softphone.json'), 'utf8')) as {
      endpoint: Record<string, string>;
    };
    expect(softphone.endpoint['allow_transfer']).toBe('no');
  });

  it('lists each module once', () => {
    const lines = readFileSync(join(templatesDir, 'modules.conf'), 'utf8').split('\n');
    const listed = lines
      .filter((line) => /^(require|load)/.test(line))
      .map((line) => /= (\S+)/.exec(line)?.[1]);
    expect(new Set(listed).size).toBe(listed.length);
  });
});

describe('refused values', () => {
  it.each([
    ['a line break', { ariPassword: 'secret-0123456789\nread_only = no' }],
    ['a comment', { systemName: 'clinic;x' }],
    ['a section', { sipRealm: 'a]\n[b' }],
    ['a template of ours', { ariPassword: '{{amiPassword}}-0123456' }],
    ['a dialplan expression', { clinicNumber: '${SHELL(id)}' }],
    ['a folder that is not absolute', { spoolDir: '../spool' }],
    ['a port that is none', { sipPort: 'abc' }],
    ['a trunk that is no SIP address', { legacyTrunkUri: 'sip:x@y,b' }],
  ])('%s', (_, change) => {
    const [name] = Object.keys(change);
    const faults = faultsOf(() => render(change));
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(`the value ${name} must be `);
    expect(existsSync(outDir)).toBe(false);
  });

  it('tells all faults at once, and no secret with them', () => {
    const faults = faultsOf(() =>
      render({ amiPassword: 'short', sipPort: 0, surprise: 'x', trunkMatch: '0.0.0.0/0' }),
    );
    expect(faults).toHaveLength(4);
    expect(faults.join()).not.toContain('short');
  });

  it('misses what is not given', () => {
    const rest = values();
    delete rest['ariPassword'];
    const faults = faultsOf(() => renderAsteriskConfig({ templatesDir, outDir, values: rest }));
    expect(faults).toEqual(['the value ariPassword is missing']);
  });

  it('asks for a trunk, and for both halves of a certificate', () => {
    expect(faultsOf(() => render({ trunkHeaderSecret: '' }))[0]).toContain('no trunk');
    expect(faultsOf(() => render({ tlsKeyFile: '/k.pem' }))[0]).toContain('belong together');
  });
});

describe('refused templates', () => {
  it.each([
    ['an unknown placeholder', 'a = {{nonsense}}', 'unknown placeholder nonsense'],
    ['a malformed placeholder', 'a = {{ sipPort }}', 'not well formed'],
    ['a condition without an end', '{{#if tlsCertFile}}\na', 'has no end'],
    ['an end without a condition', '{{/if}}', 'an end without a condition'],
    ['a condition on what is always given', '{{#if sipPort}}\n{{/if}}', 'sipPort is not optional'],
    ['nested conditions', '{{#if tlsCertFile}}\n{{#if tlsKeyFile}}\n{{/if}}', 'not nested'],
  ])('%s', (_, text, fault) => {
    expect(faultsOf(() => render({}, templates(text))).join()).toContain(fault);
  });

  it('values that nothing uses', () => {
    const own = join(folder, 'templates');
    mkdirSync(own);
    writeFileSync(join(own, 'one.conf'), 'a = {{sipPort}}');
    expect(faultsOf(() => render({}, own))).toContain('no template uses the value rtpEnd');
  });
});
