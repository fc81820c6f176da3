import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isNewEnough, mirrorIn, versionIn } from '../../src/stack/asterisk-root.mjs';
import { withLock } from '../../src/stack/commands.mjs';
import { cacheDirOf, projectDir, stateDirOf } from '../../src/stack/paths.mjs';
import { assertFree, defaultPorts, freePorts } from '../../src/stack/ports.mjs';
import { record, running, startTimeOf, stop } from '../../src/stack/processes.mjs';
import { secretsIn } from '../../src/stack/secrets.mjs';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'stack-parts-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe("Asterisk's version", () => {
  it.each([
    ['Asterisk 22.10.1+dfsg+~cs6.17.60671434-1', '22.10.1'],
    ['1:22.10.1~dfsg+~cs6.15-1', '22.10.1'],
    ['Asterisk 20.6.0', '20.6.0'],
    ['(none)', ''],
  ])('is read from %s', (text, version) => {
    expect(versionIn(text)).toBe(version);
  });

  it.each([
    ['22.10.1', true],
    ['22.11.0', true],
    ['23.0.0', true],
    ['22.10.0', false],
    ['22.9.9', false],
    ['20.20.20', false],
    ['', false],
  ])('%s will do: %s', (version, will) => {
    expect(isNewEnough(version)).toBe(will);
  });
});

describe("the machine's mirror", () => {
  it('is the first of Debian proper that can be fetched from', () => {
    const targets = [
      'nodesource|nodistro|https://node.example/',
      'Debian|bookworm-security|http://mirror.example/debian-security/',
      'Debian|bookworm|cdrom:[disc]/',
      'Debian|bookworm|http://mirror.example/debian/',
    ];
    expect(mirrorIn(targets.join('\n'))).toBe('http://mirror.example/debian/');
  });

  it('is unknown where there is none', () => {
    expect(mirrorIn('Ubuntu|noble|http://mirror.example/ubuntu/\n')).toBeNull();
  });
});

describe('folders', () => {
  it('are taken from the environment where it names them', () => {
    expect(stateDirOf({ env: {} })).toBe(join(projectDir, '.local'));
    expect(stateDirOf({ test: true, env: {} })).toBe(join(projectDir, '.local', 'test'));
    expect(stateDirOf({ test: true, env: { CLINIC_STATE_DIR: '/elsewhere' } })).toBe('/elsewhere/test');
    expect(cacheDirOf({ XDG_CACHE_HOME: '/x' })).toBe('/x/clinic-137');
    expect(cacheDirOf({ XDG_CACHE_HOME: '/x', CLINIC_CACHE_DIR: '/y' })).toBe('/y/clinic-137');
  });
});

describe('ports', () => {
  it('are the documented ones unless a variable moves them', () => {
    expect(defaultPorts({})).toMatchObject({
      web: 8137,
      sip: 5137,
      rtpStart: 20000,
      postgres: 5437,
      redis: 6437,
    });
    expect(defaultPorts({ CLINIC_PORT_AMI: '6000' }).ami).toBe(6000);
  });

  it.each(['0', '70000', 'x', '-1', '1.5'])('%s is no port', (given) => {
    expect(() => defaultPorts({ CLINIC_PORT_SIP: given })).toThrow(/CLINIC_PORT_SIP/);
  });

  it('a free set names every port once and leaves a thousand for RTP', () => {
    const { rtpStart, rtpEnd, ...single } = freePorts('a stack');
    expect(new Set(Object.values(single)).size).toBe(Object.keys(single).length);
    expect(rtpEnd - rtpStart).toBe(999);
    const { rtpStart: ours, rtpEnd: last } = defaultPorts({});
    expect(rtpEnd < ours || rtpStart > last).toBe(true);
  });

  it('a taken one is told with who has it and what moves ours; the set is passed over', async () => {
    const free = freePorts('another stack');
    const server = createServer().listen(free.ami, '127.0.0.1');
    await once(server, 'listening');
    try {
      expect(() => {
        assertFree(free, ['ami', 'sip']);
      }).toThrow(new RegExp(`${free.ami}/tcp .*process ${process.pid} .*CLINIC_PORT_AMI`));
      expect(freePorts('another stack').ami).not.toBe(free.ami);
    } finally {
      server.close();
      await once(server, 'close');
    }
    expect(() => {
      assertFree(free, ['ami']);
    }).not.toThrow();
  });
});

describe('background processes', () => {
  const sleeper = () => spawn('sleep', ['60'], { stdio: 'ignore' });

  it('are ended, and their record goes', async () => {
    const child = sleeper();
    const ended = once(child, 'exit');
    const file = join(folder, 'run', 'x.json');
    record(file, child.pid, 'print');
    expect(running(file)).toMatchObject({ pid: child.pid, fingerprint: 'print' });
    await expect(stop(file)).resolves.toBe(true);
    expect((await ended)[1]).toBe('SIGTERM');
    expect(running(file)).toBeNull();
    await expect(stop(file)).resolves.toBe(false);
  });

  it('a process that took over the number is left alone', async () => {
    const child = sleeper();
    const file = join(folder, 'x.json');
    writeFileSync(file, JSON.stringify({ pid: child.pid, startTime: '1', fingerprint: '' }));
    await expect(stop(file)).resolves.toBe(false);
    expect(startTimeOf(child.pid)).not.toBeNull();
    child.kill();
    await once(child, 'exit');
  });

  it('one that ignores SIGTERM is killed', { timeout: 30_000 }, async () => {
    const child = spawn('sh', ['-c', 'trap "" TERM; echo set; while :; do sleep 1; done']);
    await once(child.stdout, 'data');
    const ended = once(child, 'exit');
    const file = join(folder, 'x.json');
    record(file, child.pid, '');
    await stop(file);
    expect((await ended)[1]).toBe('SIGKILL');
  });
});

describe('the lock', () => {
  it('lets one at a time in, in spite of a failure', async () => {
    const file = join(folder, 'lock');
    const seen: string[] = [];
    const work = (name: string) =>
      withLock(
        file,
        () => undefined,
        async () => {
          seen.push(`${name} in`);
          await new Promise((resolve) => setImmediate(resolve));
          seen.push(`${name} out`);
          if (name === 'a') throw new Error('failed');
        },
      );
    const results = await Promise.allSettled([work('a'), work('b')]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(seen[0]?.[0]).toBe(seen[1]?.[0]);
    expect(seen[2]?.[0]).toBe(seen[3]?.[0]);
  });
});

describe('secrets', () => {
  it('are made once, for the owner alone, and kept', () => {
    const file = join(folder, 'secrets.json');
    const made = secretsIn(file);
    expect(Object.keys(made)).toEqual(expect.arrayContaining(['postgres', 'ari', 'trunk', 'account-admin']));
    expect(new Set(Object.values(made)).size).toBe(Object.keys(made).length);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(secretsIn(file)).toEqual(made);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(made);
  });
});
