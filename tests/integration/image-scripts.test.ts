import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from 'otpauth';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { projectPath } from '../../src/platform/root.ts';
import { postgresEnv } from '../../src/stack/database-url.mjs';

/** The scripts an operator runs before the first start. What runs inside of the images: tests/line/image.test.ts. */

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clinic-scripts-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const secrets = () => join(folder, 'secrets');
const make = () =>
  execFileSync('sh', [projectPath('src/stack/image/make-secrets.sh'), secrets(), 'sip.example'], {
    encoding: 'utf8',
  });
const all = () =>
  Object.fromEntries(
    readdirSync(secrets()).map((name) => [name, readFileSync(join(secrets(), name), 'utf8')]),
  );

describe('make-secrets.sh', () => {
  test('makes what the application takes, closed to everyone else, and shows none of it', () => {
    const said = make();
    const made = all();
    expect(statSync(secrets()).mode & 0o777).toBe(0o700);
    for (const [name, value] of Object.entries(made)) {
      expect(statSync(join(secrets(), name)).mode & 0o777, name).toBe(0o444);
      if (name === 'trunk_password') expect(value).toBe('');
      else expect(said, name).not.toContain(value);
    }
    const file = (name: string) => join(secrets(), name);
    const config = readConfig({
      ...{ DATABASE_URL_FILE: file('database_url'), ARI_PASSWORD_FILE: file('ari_password') },
      ...{ AMI_PASSWORD_FILE: file('ami_password'), FIRST_ADMIN_PASSWORD_FILE: file('first_admin_password') },
      FIRST_ADMIN_OTP_SECRET_FILE: file('first_admin_otp_secret'),
      RECORDINGS_KEY_FILE: file('recordings_key'),
    });
    expect(Secret.fromBase32(config.FIRST_ADMIN_OTP_SECRET).bytes).toHaveLength(20);
    expect(Buffer.from(config.RECORDINGS_KEY, 'base64')).toHaveLength(32);
    expect(postgresEnv(config.DATABASE_URL)).toEqual({
      ...{ PGHOST: '/run/postgresql', PGUSER: 'clinic', PGDATABASE: 'clinic' },
      PGPASSWORD: made['postgres_password'],
    });
    const random = Object.entries(made).filter(([name]) => /password|superuser/.test(name));
    expect(new Set(random.map(([, value]) => value)).size).toBe(random.length);
  });

  test('makes nothing twice, and what was lost anew', () => {
    make();
    const before = all();
    make();
    expect(all()).toEqual(before);
    rmSync(join(secrets(), 'ami_password'));
    make();
    const { ami_password: renewed, ...rest } = all();
    const { ami_password: lost, ...others } = before;
    expect(rest).toEqual(others);
    expect(renewed).not.toBe(lost);
  });
});

describe('packages.sh', () => {
  test('asks nothing of the network where everything is installed', () => {
    const run = () => execFileSync('sh', [projectPath('src/stack/image/packages.sh'), 'sox', 'espeak-ng']);
    expect(run().toString()).toBe('');
  });
});
