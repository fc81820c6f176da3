import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configTable, ConfigError, readConfig, roles } from '../../src/config.ts';
import { soundKey } from '../support/vault.ts';

const RECORDINGS_KEY = soundKey('of the configuration');
const needed = { DATABASE_URL: 'postgres://x', ARI_PASSWORD: 'a', AMI_PASSWORD: 'b', RECORDINGS_KEY };

describe('readConfig', () => {
  it('fills in the defaults and reads numbers and switches', () => {
    const config = readConfig({ ...needed, HTTP_PORT: '9000', SECOND_FACTOR_REQUIRED: 'false' });
    expect(config).toMatchObject({
      HTTP_PORT: 9000,
      SECOND_FACTOR_REQUIRED: false,
      CLINIC_NUMBER: '137',
      RING_SECONDS: 15,
    });
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('asks for a second factor unless told otherwise', () => {
    expect(readConfig(needed).SECOND_FACTOR_REQUIRED).toBe(true);
  });

  it('reports every fault at once, by the name of its variable', () => {
    let faults: readonly string[] = [];
    try {
      readConfig({ HTTP_PORT: 'many', CLINIC_ROLES: 'calls,cook', RING_SECONDS: '0' });
    } catch (error) {
      if (error instanceof ConfigError) faults = error.faults;
    }
    for (const name of [
      'DATABASE_URL',
      'ARI_PASSWORD',
      'AMI_PASSWORD',
      'HTTP_PORT',
      'CLINIC_ROLES',
      'RING_SECONDS',
    ])
      expect(faults.join('\n')).toContain(name);
  });

  it('wants the key of the gateway where texts leave by it, and never shows it', () => {
    const gateway = { ...needed, SMS_DRIVER: 'kavenegar' };
    expect(() => readConfig(gateway)).toThrow('SMS_KAVENEGAR_KEY');
    expect(readConfig({ ...gateway, SMS_KAVENEGAR_KEY: 'k3y' }).SMS_KAVENEGAR_KEY).toBe('k3y');
    expect(readConfig({ ...gateway, CLINIC_ROLES: 'calls,web' }).SMS_DRIVER).toBe('kavenegar');
    const wrong = { ...gateway, SMS_KAVENEGAR_KEY: 'k3y', SMS_KAVENEGAR_URL: 'api.kavenegar.com' };
    expect(() => readConfig(wrong)).toThrow('SMS_KAVENEGAR_URL');
    expect(() => readConfig(wrong)).not.toThrow('k3y');
    expect(() => readConfig({ ...needed, SMS_DRIVER: 'pigeon' })).toThrow('SMS_DRIVER');
  });

  it('takes an empty variable as not set', () => {
    expect(readConfig({ ...needed, CLINIC_TIMEZONE: '' }).CLINIC_TIMEZONE).toBe('Asia/Tehran');
    expect(() => readConfig({ ...needed, DATABASE_URL: '' })).toThrow('DATABASE_URL');
  });

  it('reads the roles', () => {
    expect([...roles(readConfig({ ...needed, CLINIC_ROLES: 'web,jobs' }))]).toEqual(['web', 'jobs']);
  });
});

describe('secrets in files', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function file(name: string, text: string): string {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  }

  it('are read without the line end an editor puts behind them, and without anything else taken away', () => {
    const config = readConfig({
      DATABASE_URL_FILE: file('url', 'postgres://clinic:pw@/clinic?host=/run/postgresql\n'),
      ARI_PASSWORD_FILE: file('ari', ' with spaces \r\n'),
      AMI_PASSWORD_FILE: file('ami', 'two\n\n'),
      RECORDINGS_KEY_FILE: file('key', `${RECORDINGS_KEY}\n`),
    });
    expect(config).toMatchObject({
      DATABASE_URL: 'postgres://clinic:pw@/clinic?host=/run/postgresql',
      ARI_PASSWORD: ' with spaces ',
      AMI_PASSWORD: 'two\n',
    });
  });

  it('are told by name when they cannot be read or are given twice, and never shown', () => {
    const faults = faultsOf({
      ...needed,
      ARI_PASSWORD_FILE: file('ari', 'hunter2'),
      DATABASE_URL: '',
      DATABASE_URL_FILE: join(folder, 'nowhere'),
    });
    expect(faults).toContain('ARI_PASSWORD and ARI_PASSWORD_FILE are both set');
    expect(faults).toMatch(/DATABASE_URL_FILE cannot be read: ENOENT/);
    expect(faults).not.toContain('hunter2');
  });
});

describe('what belongs together', () => {
  it('a process that serves the web alone needs no password of the exchange, every other does', () => {
    const web = { DATABASE_URL: 'postgres://x', CLINIC_ROLES: 'web,jobs', RECORDINGS_KEY };
    expect(readConfig(web).ARI_PASSWORD).toBe('');
    for (const CLINIC_ROLES of ['calls', 'watch', 'web,calls']) {
      const faults = faultsOf({ DATABASE_URL: 'postgres://x', CLINIC_ROLES });
      expect(faults).toMatch(/ARI_PASSWORD is not set[^]*AMI_PASSWORD is not set/);
    }
  });

  it('nothing of citizens lies in the clear: every role that meets recordings needs their key, and one that is one', () => {
    for (const CLINIC_ROLES of ['calls', 'web', 'jobs'])
      expect(faultsOf({ ...needed, CLINIC_ROLES, RECORDINGS_KEY: '' })).toContain(
        'RECORDINGS_KEY is not set',
      );
    expect(readConfig({ ...needed, CLINIC_ROLES: 'watch', RECORDINGS_KEY: '' }).RECORDINGS_KEY).toBe('');
    for (const key of ['short', `${RECORDINGS_KEY}=`, RECORDINGS_KEY.slice(1)])
      expect(faultsOf({ ...needed, RECORDINGS_KEY: key })).toContain('RECORDINGS_KEY');
    const old = [soundKey('a'), soundKey('b')].join();
    expect(readConfig({ ...needed, RECORDINGS_OLD_KEYS: old }).RECORDINGS_OLD_KEYS).toBe(old);
    expect(faultsOf({ ...needed, RECORDINGS_OLD_KEYS: `${old},` })).toContain('RECORDINGS_OLD_KEYS');
  });

  it('a first admin who could never sign in is refused, as is a short password or a secret that is none', () => {
    const password = 'a long enough password';
    expect(faultsOf({ ...needed, FIRST_ADMIN_PASSWORD: password })).toContain('FIRST_ADMIN_OTP_SECRET');
    expect(faultsOf({ ...needed, FIRST_ADMIN_PASSWORD: 'short' })).toContain('FIRST_ADMIN_PASSWORD');
    const secret = { FIRST_ADMIN_PASSWORD: password, FIRST_ADMIN_OTP_SECRET: 'not base 32' };
    expect(faultsOf({ ...needed, ...secret })).toContain('FIRST_ADMIN_OTP_SECRET');
    const first = { ...secret, FIRST_ADMIN_OTP_SECRET: 'A'.repeat(32) };
    expect(readConfig({ ...needed, ...first })).toMatchObject(first);
  });
});

/** All faults of a configuration that is refused, as one text. */
function faultsOf(environment: Record<string, string>): string {
  try {
    readConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults.join('\n');
    throw error;
  }
  throw new Error('no fault was told');
}

describe('configTable', () => {
  it('has a row a variable and marks what is required', () => {
    expect(configTable()).toContain('| `DATABASE_URL` | **required** |');
    expect(configTable()).toContain('| `HTTP_PORT` | `8137` |');
  });
});
