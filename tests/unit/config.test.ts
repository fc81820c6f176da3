import { describe, expect, it } from 'vitest';
import { configTable, ConfigError, readConfig, roles } from '../../src/config.ts';

const needed = { DATABASE_URL: 'postgres://x', ARI_PASSWORD: 'a', AMI_PASSWORD: 'b' };

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

  it('takes an empty variable as not set', () => {
    expect(readConfig({ ...needed, CLINIC_TIMEZONE: '' }).CLINIC_TIMEZONE).toBe('Asia/Tehran');
    expect(() => readConfig({ ...needed, DATABASE_URL: '' })).toThrow('DATABASE_URL');
  });

  it('reads the roles', () => {
    expect([...roles(readConfig({ ...needed, CLINIC_ROLES: 'web,jobs' }))]).toEqual(['web', 'jobs']);
  });
});

describe('configTable', () => {
  it('has a row a variable and marks what is required', () => {
    expect(configTable()).toContain('| `DATABASE_URL` | **required** |');
    expect(configTable()).toContain('| `HTTP_PORT` | `8137` |');
  });
});
