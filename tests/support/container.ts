import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readlinkSync, lstatSync, mkdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { isRoot } from '../../src/stack/commands.mjs';
import { cacheDirOf } from '../../src/stack/paths.mjs';

/**
 * A container without Docker: a root file system of its own in a private mount namespace, read-only where the service
 * says so, with nothing in it but the system's programs, the image's /srv, the mounts and the secrets of the service;
 * an account of its own, no capability, no new rights. The network is the machine's.
 */

export interface Mount {
  source: string;
  target: string;
  readOnly: boolean;
}

export interface ContainerOptions {
  /** Scratch folder of this container. */
  folder: string;
  /** `debian`: the root file system of the stack's Asterisk; `machine`: this machine's programs. */
  base: 'machine' | 'debian';
  /** What the image has under /srv. */
  srv: string;
  mounts?: readonly Mount[];
  /** As Docker takes them: `/path:options`. */
  tmpfs?: readonly string[];
  readOnly?: boolean;
  /** `uid:gid`; null: root with all its rights, as a step of an image's making has. */
  user: string | null;
  cwd: string;
  env?: Readonly<Record<string, string>>;
  argv: readonly string[];
}

export interface Container {
  /** Every line said so far. */
  readonly lines: readonly string[];
  readonly exited: Promise<number | null>;
  /** The first line, said or to come, in which this is found. Fails where the container ends before. */
  said(text: string): Promise<string>;
  /** SIGTERM, unless told otherwise; resolves with the exit code. */
  stop(signal?: NodeJS.Signals): Promise<number | null>;
}

export function runContainer(options: ContainerOptions): Container {
  mkdirSync(options.folder, { recursive: true, mode: 0o755 });
  const script = join(options.folder, 'mounts.sh');
  writeFileSync(script, scriptOf(options), { mode: 0o600 });
  const command = ['unshare', '--mount', '--propagation', 'private', 'sh', script];
  const [program = '', ...args] = isRoot ? command : ['sudo', '-n', '--', ...command];
  return followed(spawn(program, args, { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] }));
}

function followed(child: ChildProcess): Container {
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  const tell = () => [...watchers].forEach((watcher) => watcher());
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null) createInterface({ input: stream }).on('line', (line) => (lines.push(line), tell()));
  }
  let over = false;
  const exited = new Promise<number | null>((resolve) => {
    child.once('close', (code) => {
      over = true;
      resolve(code);
      tell();
    });
  });
  return {
    lines,
    exited,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = lines.find((line) => line.includes(text));
          if (found === undefined && !over) return;
          watchers.delete(look);
          if (found !== undefined) resolve(found);
          else reject(new Error(`It ended without "${text}":\n${lines.slice(-20).join('\n')}`));
        };
        watchers.add(look);
        look();
      }),
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return exited;
    },
  };
}

/** Runs to the end. @throws Error with its last words unless it ends with 0 */
export async function runToEnd(options: ContainerOptions): Promise<string> {
  const container = runContainer(options);
  const code = await container.exited;
  if (code === 0) return container.lines.join('\n');
  throw new Error(
    `${options.argv.join(' ')} ended with ${String(code)}:\n${container.lines.slice(-20).join('\n')}`,
  );
}

/** Quoted for sh. */
const q = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const NODES = ['null', 'zero', 'full', 'random', 'urandom'];
/** What images bring of their own: accounts with these numbers. */
const PASSWD = [
  'root:x:0:0::/:/bin/sh',
  'postgres:x:999:999::/:/bin/sh',
  'node:x:1000:1000::/:/bin/sh',
  '',
].join('\n');

function scriptOf({
  folder,
  base,
  srv,
  mounts = [],
  tmpfs = [],
  readOnly = false,
  ...rest
}: ContainerOptions) {
  const root = join(folder, 'root');
  mkdirSync(root, { recursive: true });
  const at = (path: string) => q(`${root}${path}`);
  const bind = ({ source, target, readOnly: fixed }: Mount) => [
    `[ -e ${at(target)} ] || if [ -d ${q(source)} ]; then mkdir -p ${at(target)}; else mkdir -p "$(dirname ${at(target)})"; : > ${at(target)}; fi`,
    `mount --bind ${q(source)} ${at(target)}`,
    ...(fixed ? [`mount -o remount,bind,ro ${at(target)}`] : []),
  ];
  const lines = [
    'set -e',
    // Every later program takes the place of this shell.
    `echo $$ > ${q(join(folder, 'pid'))}`,
    ...(base === 'machine' ? machine(root, folder) : debian(root, folder)),
    `mount -t proc proc ${at('/proc')}`,
    ...NODES.flatMap((node) => bind({ source: `/dev/${node}`, target: `/dev/${node}`, readOnly: false })),
    `mount -t tmpfs -o mode=0755 tmpfs ${at('/run')}`,
    ...bind({ source: srv, target: '/srv', readOnly: false }),
    ...mounts.flatMap(bind),
    ...tmpfs.flatMap((one) => {
      const [target = '', options = ''] = one.split(':');
      return [`mkdir -p ${at(target)}`, `mount -t tmpfs -o ${q(options)} tmpfs ${at(target)}`];
    }),
    ...(readOnly ? ['/srv', ''].map((path) => `mount -o remount,bind,ro ${at(path)}`) : []),
    `exec chroot ${q(root)} ${[...privileges(rest.user), ...environment(rest), ...rest.argv].map(q).join(' ')}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** This machine's programs, in a root that is otherwise empty. */
function machine(root: string, folder: string): string[] {
  const passwd = join(folder, 'passwd');
  writeFileSync(passwd, PASSWD);
  const top = ['bin', 'sbin', 'lib', 'lib64', 'lib32', 'libx32'].filter((name) => existsSync(`/${name}`));
  return [
    `mount -t tmpfs -o mode=0755 tmpfs ${q(root)}`,
    ...['proc', 'dev', 'run', 'srv', 'tmp', 'opt'].map((name) => `mkdir ${q(join(root, name))}`),
    `chmod 1777 ${q(join(root, 'tmp'))}`,
    ...['usr', 'etc'].flatMap((name) => [
      `mkdir ${q(join(root, name))}`,
      `mount --bind /${name} ${q(join(root, name))}`,
      `mount -o remount,bind,ro ${q(join(root, name))}`,
    ]),
    // Which packages there are, for the steps that ask for some.
    `mkdir -p ${q(join(root, 'var/lib/dpkg'))}`,
    `mount --bind /var/lib/dpkg ${q(join(root, 'var/lib/dpkg'))}`,
    `mount -o remount,bind,ro ${q(join(root, 'var/lib/dpkg'))}`,
    ...top.map((name) =>
      lstatSync(`/${name}`).isSymbolicLink()
        ? `ln -s ${q(readlinkSync(`/${name}`))} ${q(join(root, name))}`
        : `mkdir ${q(join(root, name))} && mount --bind /${name} ${q(join(root, name))}`,
    ),
    `mount --bind ${q(passwd)} ${q(join(root, 'etc/passwd'))}`,
  ];
}

/** Null where the system's own package serves. */
export function debianRoot(): string | null {
  const root = join(cacheDirOf(), 'asterisk-forky');
  return existsSync(root) ? root : null;
}

/** Debian's root file system, where a name look-up of the machine's own name must not stall. */
function debian(root: string, folder: string): string[] {
  const hosts = join(folder, 'hosts');
  writeFileSync(hosts, `127.0.0.1 localhost ${hostname()}\n`);
  return [
    `mount --bind ${q(debianRoot() ?? '')} ${q(root)}`,
    `mount --bind ${q(hosts)} ${q(join(root, 'etc/hosts'))}`,
  ];
}

function privileges(user: string | null): string[] {
  if (user === null) return ['setpriv', '--pdeathsig', 'KILL'];
  const [uid = '', gid = ''] = user.split(':');
  return [
    ...['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--no-new-privs'],
    ...['--inh-caps=-all', '--bounding-set=-all', '--pdeathsig', 'KILL'],
  ];
}

function environment({ env = {}, cwd }: Pick<ContainerOptions, 'env' | 'cwd'>): string[] {
  const path = 'PATH=/opt/node:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  return [
    'env',
    '-i',
    `--chdir=${cwd}`,
    path,
    ...Object.entries(env).map(([name, value]) => `${name}=${value}`),
  ];
}
