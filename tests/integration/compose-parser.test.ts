import { execFile } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { projectPath } from '../../src/platform/root.ts';
import { readCompose, type Compose } from '../support/compose.ts';

/** Compose itself reads docker-compose.yml: Debian's `docker-compose`, whose parser needs no engine. */

const run = promisify(execFile);
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'clinic-compose-'));
  copyFileSync(projectPath('docker-compose.yml'), join(folder, 'docker-compose.yml'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const settled = 'PUBLIC_URL=https://clinic.test\nSIP_DOMAIN=sip.test\nTRUNK_MATCH=192.0.2.1\n';

async function config(env: string): Promise<{ stdout: string; stderr: string; code: number }> {
  writeFileSync(join(folder, '.env'), env);
  return run('docker-compose', ['config'], {
    ...{ cwd: folder, env: { PATH: process.env['PATH'] ?? '', HOME: folder } },
  }).then(
    (ended) => ({ ...ended, code: 0 }),
    (error: { stdout: string; stderr: string; code: number }) => error,
  );
}

describe('Compose', () => {
  test('takes the file, and understands of it what our own tests do', async () => {
    const { stdout, stderr, code } = await config(settled);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const theirs = parse(stdout) as Compose;
    const ours = readCompose({
      PUBLIC_URL: 'https://clinic.test',
      SIP_DOMAIN: 'sip.test',
      TRUNK_MATCH: '192.0.2.1',
    });
    // Services with a profile are not listed unless it is asked for; newer versions leave them out.
    const names = Object.keys(ours.services).filter((name) => ours.services[name]?.profiles === undefined);
    expect(Object.keys(theirs.services)).toEqual(expect.arrayContaining(names));
    for (const name of names) {
      const [one, other] = [theirs.services[name], ours.services[name]];
      expect(one?.command ?? undefined, name).toEqual(other?.command);
      expect(one?.user, name).toBe(other?.user);
      expect(one?.healthcheck?.test, name).toEqual(other?.healthcheck?.test);
      expect(one?.environment ?? {}, name).toMatchObject(other?.environment ?? {});
    }
  });

  test('asks for what nobody can guess', async () => {
    const { stderr, code } = await config(settled.replace(/TRUNK_MATCH.*/, ''));
    expect(code).not.toBe(0);
    expect(stderr).toContain('TRUNK_MATCH');
  });

  test('refuses a file with a mistake in it: the check can fail', async () => {
    const path = join(folder, 'docker-compose.yml');
    writeFileSync(path, readFileSync(path, 'utf8').replace('network_mode: host', 'network_mod: host'));
    expect((await config(settled)).code).not.toBe(0);
  });
});
