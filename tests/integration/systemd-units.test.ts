import { execFile } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync } from 'node:fs';
import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { projectPath } from '../../src/platform/root.ts';
import { soundKey } from '../support/vault.ts';
import { cacheDirOf } from '../../src/stack/paths.mjs';

/** The units for machines without Docker, checked by systemd itself, which need not run for it. */

const run = promisify(execFile);
const UNITS = projectPath('src/stack/systemd');
const SERVICES = readdirSync(UNITS).filter((name) => name.endsWith('.service'));
const text = (name: string) => readFileSync(join(UNITS, name), 'utf8');

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'clinic-units-'));
  cpSync(UNITS, folder, { recursive: true });
  // Programs stand elsewhere on this machine, and Asterisk's unit comes with its package.
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  for (const name of ['node', 'asterisk']) {
    writeFileSync(join(bin, name), '#!/bin/sh\n');
    chmodSync(join(bin, name), 0o755);
  }
  const asterisk = '[Unit]\nDescription=Asterisk\n[Service]\nType=notify\nExecStart=/usr/sbin/asterisk -f\n';
  writeFileSync(join(folder, 'asterisk.service'), asterisk);
  for (const name of [...SERVICES, 'asterisk.service', 'asterisk.service.d/clinic.conf']) {
    const path = join(folder, name);
    const moved = readFileSync(path, 'utf8').replace(/=\/usr\/s?bin\/(node|asterisk)/g, `=${bin}/$1`);
    writeFileSync(path, moved);
  }
});
afterAll(() => rmSync(folder, { recursive: true }));

const analyze = (...args: string[]) =>
  run('systemd-analyze', args, { cwd: folder }).then(
    ({ stdout, stderr }) => ({ code: 0, said: stdout + stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      ...{ code, said: stdout + stderr },
    }),
  );

/** What is said of our units; systemd also reads, and speaks of, units of the machine. */
const ofOurs = (said: string) =>
  said.split('\n').filter((line) => /(^|\/)(clinic[a-z-]*|asterisk)\.(service|timer)\b/.test(line));

describe('systemd', () => {
  test('finds no fault in the units', async () => {
    const names = [...SERVICES, 'clinic-backup.timer', 'asterisk.service'];
    const { said } = await analyze('--man=no', 'verify', ...names.map((name) => join(folder, name)));
    expect(ofOurs(said)).toEqual([]);
  });

  test('would find one: the check can fail', async () => {
    const broken = join(folder, 'clinic-broken.service');
    writeFileSync(broken, `${text('clinic.service').replace('Restart=on-failure', 'Restart=sometimes')}`);
    const { said } = await analyze('--man=no', 'verify', broken);
    expect(ofOurs(said).join()).toMatch(/restart specifier/);
  });

  test.each(SERVICES)('calls the exposure of %s low', async (name) => {
    const { code, said } = await analyze('security', '--offline=true', '--threshold=20', join(folder, name));
    expect(said).toMatch(/Overall exposure level/);
    expect(code, said).toBe(0);
  });
});

describe('the command that renders the configuration', () => {
  const exchange = (change: Record<string, string>) => {
    const home = join(folder, 'state', 'clinic-exchange');
    const credentials = join(folder, 'exchange-credentials');
    mkdirSync(credentials, { recursive: true });
    const own = [...text('clinic-exchange.service').matchAll(/^Environment=(\w+)=(.*)$/gm)];
    const env = Object.fromEntries(
      own.map(([, key = '', value = '']) => [
        key,
        value.replace('%d', credentials).replace('%S', join(folder, 'state')),
      ]),
    );
    for (const name of ['ari_password', 'ami_password'])
      writeFileSync(join(credentials, name), `${name.replace('_', '-')}-0123456789\n`);
    writeFileSync(join(credentials, 'trunk_password'), '');
    const example = readFileSync(join(UNITS, 'exchange.env.example'), 'utf8');
    const settings = [...example.matchAll(/^(\w+)=(.*)$/gm)].map(([, key = '', value = '']) => [key, value]);
    // What was spoken once is taken from there.
    const voice = { VOICE_CACHE_DIR: join(cacheDirOf(), 'voice') };
    return run(process.execPath, [projectPath('src/stack/image/exchange.mjs')], {
      env: {
        ...{ PATH: process.env['PATH'] ?? '', ...voice, ...env },
        ...(Object.fromEntries(settings) as Record<string, string>),
        ...change,
      },
    }).then(
      ({ stdout }) => ({ home, said: stdout }),
      ({ stderr }: { stderr: string }) => ({ home, said: stderr }),
    );
  };

  test('does so as the unit calls it, with the example of its settings', async () => {
    const { home, said } = await exchange({});
    expect(JSON.parse(said)).toMatchObject({ files: expect.any(Number) as number });
    const file = (name: string) => readFileSync(join(home, 'etc', name), 'utf8');
    expect(file('asterisk.conf')).toContain('astspooldir => /var/spool/asterisk');
    expect(file('pjsip.conf')).toContain('match = 192.0.2.10');
    expect(file('pjsip.conf')).toContain('cert_file = /run/credentials/asterisk.service/sip_certificate');
    expect(file('pjsip.conf')).not.toContain('match_header');
    expect(file('ari.conf')).toContain('password = ari-password-0123456789\n');
    expect(existsSync(join(home, 'data', 'sounds', 'fa', 'clinic', 'menu.sln16'))).toBe(true);
    expect(text('asterisk.service.d/clinic.conf')).toContain('/var/lib/clinic-exchange/etc/asterisk.conf');
  });

  test('says what is missing, and shows no secret', async () => {
    const { said: form } = await exchange({ TRUNK_MATCH: 'provider', ASTERISK_SIP_PORT: 'many' });
    expect(form).toContain('TRUNK_MATCH must be ');
    expect(form).toContain('ASTERISK_SIP_PORT must be ');
    const { said: noTrunk } = await exchange({ TRUNK_MATCH: '' });
    expect(noTrunk).toContain('no trunk: TRUNK_MATCH or TRUNK_REGISTRAR must be given');
    expect(form + noTrunk).not.toContain('0123456789');
  });
});

describe('the units', () => {
  test.each(SERVICES)('%s shuts itself in as the others do, and is nobody with rights', (name) => {
    const hardening = (unit: string) => /^UMask=[^]*?^SystemCallErrorNumber.*$/m.exec(text(unit))?.[0];
    expect(hardening(name)).toBe(hardening('clinic.service'));
    expect(text(name)).toMatch(/^User=(clinic|asterisk)$/m);
    expect(text(name)).not.toMatch(/^Environment=.*(PASSWORD|SECRET|DATABASE_URL)=/m);
  });

  test.each(SERVICES)('%s starts a file of the checkout', (name) => {
    const file = /^ExecStart=\/usr\/bin\/node (\S+)/m.exec(text(name))?.[1] ?? '';
    if (file === 'dist/main.js') expect(existsSync(projectPath('src/main.ts'))).toBe(true);
    else expect(existsSync(projectPath(file)), file).toBe(true);
  });

  test.each(['clinic.service', 'clinic-watch.service'])(
    '%s is a configuration the application takes',
    (name) => {
      const secrets = join(folder, `credentials-${name}`);
      mkdirSync(secrets);
      const values: Record<string, string> = {
        ...{ first_admin_otp_secret: 'A'.repeat(32), recordings_key: soundKey('of the unit') },
      };
      for (const [, credential = ''] of text(name).matchAll(/^LoadCredential=([a-z_]+):/gm))
        writeFileSync(join(secrets, credential), values[credential] ?? 'a long enough secret');
      const lines = [...text(name).matchAll(/^Environment=(\w+)=(.*)$/gm)];
      const own = lines.map(([, key = '', value = '']) => [
        key,
        value.replace('%d', secrets).replace('%S', '/var/lib'),
      ]);
      const file = readFileSync(join(UNITS, 'clinic.env.example'), 'utf8');
      const settings = [...file.matchAll(/^(\w+)=(.*)$/gm)].map(([, key = '', value = '']) => [key, value]);
      const config = readConfig(Object.fromEntries([...settings, ...own]) as Record<string, string>);
      expect(config.DATABASE_URL).toBe('a long enough secret');
      expect(config.CLINIC_ROLES).toBe(name === 'clinic.service' ? 'calls,web,jobs' : 'watch');
    },
  );
});
