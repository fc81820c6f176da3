import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { Secret, TOTP } from 'otpauth';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { projectPath } from '../../src/platform/root.ts';
import { createPhone, type Phone } from '../../src/stack/phone/phone.mjs';
import { freePorts } from '../../src/stack/ports.mjs';
import { readCompose } from '../support/compose.ts';
import { createBuilder, removeAll, type Builder } from '../support/image.ts';
import { asRoot, createServices, type Services } from '../support/services-of-compose.ts';
import { waitFor } from '../support/wait.ts';

/**
 * docker-compose.yml and the Dockerfile, carried out without Docker: the images by their own steps, the services by their
 * own lines (user, mounts, secrets, read-only roots, health checks), with production's values. What is not tried: Docker's
 * engine itself, the base images (this machine's PostgreSQL and Redis stand in), and networks other than the machine's.
 */

/** The trunk is known by its address, so it calls from one that no telephone has. */
const TRUNK = '127.0.0.2';
const ports = freePorts('image');
const settings = {
  ...{ PUBLIC_URL: 'http://127.0.0.1', SIP_DOMAIN: '127.0.0.1', TRUNK_MATCH: `${TRUNK},192.0.2.0/24` },
  ...{ LEGACY_137_URI: 'sip:127.0.0.3:5060', ASTERISK_EXTERNAL_ADDRESS: '203.0.113.7' },
  ...{ SIP_PORT: String(ports.sip), SIP_TLS_PORT: String(ports.sipTls) },
  ...{ ARI_PORT: String(ports.asteriskHttp), AMI_PORT: String(ports.ami) },
  ...{ ASTERISK_RTP_START: String(ports.rtpStart), ASTERISK_RTP_END: String(ports.rtpEnd) },
  ...{ CALLS_PORT: String(ports.postgres), WATCH_PORT: String(ports.redis) },
};
const web = `http://127.0.0.1:${ports.web}`;
const compose = readCompose(settings);
/** In a network of its own it may always have this port; here it may not. */
compose.services['web']!.environment = {
  ...compose.services['web']!.environment,
  ...{ HTTP_PORT: String(ports.web), HTTP_HOST: '127.0.0.1' },
};
const LASTING = ['postgres', 'redis', 'asterisk', 'calls', 'watch', 'web'];

let folder: string;
let builder: Builder;
let services: Services;
const phones: Phone[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'clinic-image-'));
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'voice'));
  builder = createBuilder(folder);
  const names = ['exchange', 'asterisk', 'application', 'backup'];
  const built = await Promise.all(names.map(async (name) => [name, await builder.build(name)] as const));
  execFileSync(
    'sh',
    [projectPath('src/stack/image/make-secrets.sh'), join(folder, 'secrets'), 'sip.example'],
    {
      stdio: 'ignore',
    },
  );
  services = createServices({
    ...{ compose, settings, folder, images: Object.fromEntries(built) },
    node: builder.tools.filter(({ target }) => target === '/opt/node'),
    instead: {
      './secrets': join(folder, 'secrets'),
      './dialplan/prompts/recordings': join(folder, 'voice'),
    },
  });
  await startPostgres();
  services.start('redis');
  await services.run('exchange');
  services.start('asterisk');
  await becomesHealthy('redis', 'asterisk');
  for (const name of ['calls', 'watch']) services.start(name);
  await services.start('web').said('first-admin.made');
  await waitFor(async () => (await fetch(`${web}/readyz`).catch(() => null))?.ok === true, 120_000);
}, 900_000);
afterEach(async () => {
  await Promise.all(phones.splice(0).map((phone) => phone.close()));
});
afterAll(async () => {
  await services?.stopAll();
  removeAll(folder);
});

/** The official image's entry point makes the cluster and runs our script in it; the rest is the service's own lines. */
async function startPostgres(): Promise<void> {
  const newest = readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a))[0] ?? '';
  const bin = `/usr/lib/postgresql/${newest}/bin`;
  const { environment = {}, command = [] } = compose.services['postgres']!;
  const data = '/var/lib/postgresql/data';
  const initdb = [
    `${bin}/initdb`,
    '-D',
    data,
    '-U',
    'postgres',
    `--pwfile=${environment['POSTGRES_PASSWORD_FILE']}`,
  ];
  await services.run('postgres', {
    argv: [...initdb, ...(environment['POSTGRES_INITDB_ARGS'] ?? '').split(' ')],
  });
  services.start('postgres', { argv: [`${bin}/postgres`, '-D', data, ...command.slice(1)] });
  await becomesHealthy('postgres');
  await services.run('postgres', {
    argv: ['/docker-entrypoint-initdb.d/clinic.sh'],
    env: { PGHOST: '/run/postgresql', PGPASSWORD: secret('postgres_superuser') },
  });
}

async function becomesHealthy(...names: string[]): Promise<void> {
  for (const name of names) {
    let last: unknown;
    const isHealthy = () => {
      try {
        services.check(name);
        return true;
      } catch (error) {
        last = error;
        return false;
      }
    };
    await waitFor(isHealthy, 60_000, 250).catch(() => {
      throw new Error(`${name} does not become healthy`, { cause: last });
    });
  }
}

const secret = (name: string) => readFileSync(join(folder, 'secrets', name), 'utf8');

async function api<T>(path: string, method = 'GET', body?: unknown, token?: string): Promise<T> {
  const answer = await fetch(`${web}/api/v1${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return (text === '' ? null : JSON.parse(text)) as T;
}

async function signIn(): Promise<string> {
  const otp = new TOTP({ secret: Secret.fromBase32(secret('first_admin_otp_secret')) }).generate();
  const body = { username: 'admin', password: secret('first_admin_password'), otp };
  return (await api<{ token: string }>('/session', 'POST', body)).token;
}

async function phone(options: Parameters<typeof createPhone>[0]): Promise<Phone> {
  const made = await createPhone(options);
  phones.push(made);
  return made;
}
const server = { host: '127.0.0.1', port: ports.sip };

describe('the composed system', () => {
  it('takes a call from the trunk to an expert whom its first administrator has added', async () => {
    const token = await signIn();
    const day = 86_400_000;
    await api(
      '/openings',
      'POST',
      {
        ...{ reason: 'test', startsAt: new Date(Date.now() - day).toISOString() },
        endsAt: new Date(Date.now() + day).toISOString(),
      },
      token,
    );
    const skills = [{ specialty: 'transport', level: 3 }];
    const { id } = await api<{ id: string }>('/experts', 'POST', { name: 'زهرا احمدی', skills }, token);
    const account = await api<{ username: string; password: string; port: number }>(
      ...([`/experts/${id}/softphone`, 'POST', undefined, token] as const),
    );
    expect(account.port).toBe(ports.sip);
    const expert = await phone({ server, username: account.username, password: account.password });
    const offered = new Promise<void>((resolve) =>
      expert.onInvite((call) => {
        void call.answer();
        resolve();
      }),
    );
    expect(await expert.register({ expires: 120 })).toMatchObject({ ok: true });
    await api(`/experts/${id}/presence`, 'PUT', { state: 'ready' }, token);

    const citizen = await phone({ server, username: 'citizen', host: TRUNK });
    const call = await citizen.invite('1378', { from: '09121234567' });
    expect(await call.answered).toBe(true);
    await call.sendDigits('2');
    await offered;
    const row = async () =>
      (await api<{ items: { state: string; ending: string | null }[] }>('/calls', 'GET', undefined, token))
        .items[0];
    await waitFor(async () => (await row())?.state === 'talking');
    void call.hangup();
    await waitFor(async () => (await row())?.ending === 'answered');
  });

  it('takes nobody else for the trunk, and speaks TLS with the certificate it was given', async () => {
    const stranger = await phone({ server, username: 'citizen' });
    expect(await (await stranger.invite('137')).ended).toMatchObject({ status: 401 });
    const subject = await new Promise<string>((resolve, reject) => {
      const socket = connect({ ...server, port: ports.sipTls, rejectUnauthorized: false }, () => {
        resolve(String(socket.getPeerCertificate().subject.CN));
        socket.destroy();
      });
      socket.on('error', reject);
    });
    expect(subject).toBe('sip.example');
  });

  it('passes each of its own health checks', async () => {
    await becomesHealthy(...LASTING);
  });

  it('lets nobody on the network reach ARI, AMI, the probes, PostgreSQL or Redis', () => {
    const listening = new Map(LASTING.map((name) => [name, addressesOf(services.pid(name))]));
    for (const name of ['postgres', 'redis']) expect(listening.get(name), name).toEqual([]);
    const loopback = (port: number | string) => `127.0.0.1:${port}`;
    expect(listening.get('asterisk')).toEqual(
      [
        loopback(ports.asteriskHttp),
        loopback(ports.ami),
        `0.0.0.0:${ports.sip}`,
        `0.0.0.0:${ports.sipTls}`,
      ].sort(),
    );
    expect(listening.get('calls')).toEqual([loopback(settings.CALLS_PORT)]);
    expect(listening.get('watch')).toEqual([loopback(settings.WATCH_PORT)]);
  });

  it('shows no secret in any environment, argument or log line', () => {
    // The certificate is no secret, and this trunk asks for no password.
    const open = ['sip_certificate', 'trunk_password'];
    const names = readdirSync(join(folder, 'secrets')).filter((name) => !open.includes(name));
    const secrets = names.map((name) => secret(name).trim());
    expect(secrets.length).toBeGreaterThanOrEqual(8);
    for (const name of LASTING) {
      const told = ['environ', 'cmdline'].map((file) => asRoot('cat', `/proc/${services.pid(name)}/${file}`));
      const shown = [...told, ...services.lines(name)];
      for (const [index, one] of secrets.entries())
        expect(shown.join(' ').includes(one), `${name} shows ${names[index]}`).toBe(false);
    }
  });

  it('carries no tool of its making and no source along', async () => {
    const { srv } = await builder.build('application');
    const inside = (...path: string[]) => existsSync(join(srv, 'clinic', ...path));
    expect(inside('node_modules', 'fastify')).toBe(true);
    for (const path of ['node_modules/typescript', 'node_modules/vitest', 'src/main.ts', 'tests'])
      expect(inside(path), path).toBe(false);
  });

  it('takes a studio recording in at the next start of the exchange', async () => {
    mkdirSync(join(folder, 'voice/clinic'), { recursive: true });
    const wav = join(folder, 'voice/clinic/greeting.wav');
    execFileSync('sox', ['-n', '-r', '16000', '-c', '1', wav, 'synth', '1', 'sine', '440']);
    chmodSync(wav, 0o644);
    const told = await services.run('exchange');
    expect(JSON.parse(told)).toMatchObject({ voice: { recorded: 1, made: 0 } });
  });

  it('makes a backup of itself', async () => {
    const { entrypoint } = await builder.build('backup');
    const told = await services.run('backup', {
      argv: [...entrypoint, 'src/stack/backup.mjs', '--keep', '2'],
    });
    expect(JSON.parse(told)).toMatchObject({ files: 1, missing: [] });
    expect(asRoot('ls', services.volume('backups'))).toMatch(/clinic-137-[0-9]{8}T[0-9]{6}Z/);
  });

  it('ends in order when Docker says so', async () => {
    for (const name of ['web', 'watch', 'calls']) {
      const container = services.stop(name);
      expect(await container, name).toBe(0);
    }
  });
});

/** Where a process and its children listen for TCP, as the kernel has it. */
function addressesOf(pid: number): string[] {
  const table = readFileSync('/proc/net/tcp', 'utf8').trim().split('\n').slice(1);
  const listening = table.flatMap((line) => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/);
    return state === '0A' ? [[inode, local] as const] : [];
  });
  const inodes = asRoot('sh', '-c', `for fd in /proc/${pid}/fd/*; do readlink "$fd" || true; done`);
  return listening
    .filter(([inode]) => inodes.includes(`socket:[${inode}]`))
    .map(([, local]) => {
      const [address = '', port = ''] = local.split(':');
      const bytes = (address.match(/../g) ?? []).reverse().map((byte) => parseInt(byte, 16));
      return `${bytes.join('.')}:${parseInt(port, 16)}`;
    })
    .sort();
}
