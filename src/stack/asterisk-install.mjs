/**
 * Asterisk itself: the system's package where it is new enough, else a small root file system that holds Debian's, made
 * once per user with the machine's own mirror.
 */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { arch } from 'node:os';
import { join } from 'node:path';
import { debianMirrors } from './debian-mirror.mjs';
import { fault } from './fault.mjs';
import { readText } from './files.mjs';
import { cacheDir } from './home.mjs';
import { withLock } from './lock.mjs';
import { BUILD_PACKAGES, needPackages } from './packages.mjs';
import { asRoot, needRoot } from './privilege.mjs';
import { say, step } from './progress.mjs';
import { complaint, findProgram, run, tryRun } from './run.mjs';

/** Below this there are known security holes, and features we build on are missing. */
export const OLDEST_VERSION = [22, 10, 1];
const SUITE = 'forky';
/** Raise it when the recipe below changes: an old root file system is then left alone and a new one made. */
const RECIPE = 1;

/** @typedef {{ root: string, isSystem: boolean, version: string }} Asterisk root: the folder that is `/` to it */

/**
 * Finds or makes it.
 * @param {string} log
 * @returns {Promise<Asterisk>}
 * @throws {import('./fault.mjs').Fault} mirror-unknown, root-needed, packages-missing, asterisk-missing
 */
export async function needAsterisk(log) {
  const known = (await systemAsterisk()) ?? (await builtAsterisk());
  if (known !== null) return known;
  mkdirSync(cacheDir(), { recursive: true });
  const onWait = () => say('another set-up is making Asterisk: waiting for it');
  return withLock(`${rootPath()}.lock`, async (fd) => (await builtAsterisk()) ?? build(fd, log), { onWait });
}

const rootPath = () => join(cacheDir(), `asterisk-${SUITE}-${arch()}-${RECIPE}`);

/** @returns {Promise<Asterisk | null>} */
async function systemAsterisk() {
  const program = findProgram('asterisk');
  if (program === null) return null;
  const version = readVersion((await tryRun([program, '-V'])).stdout);
  return version !== null && isRecent(version) ? { root: '/', isSystem: true, version } : null;
}

/** What stands under that name is whole: it is made elsewhere and renamed. @returns {Promise<Asterisk | null>} */
async function builtAsterisk() {
  const root = rootPath();
  const version = existsSync(root) ? readPackageVersion(join(root, 'var/lib/dpkg/status')) : null;
  return version === null ? null : { root, isSystem: false, version };
}

/** @param {string} text what `asterisk -V` prints, e.g. "Asterisk 22.10.1~dfsg+~cs6.15.60671435-1" */
export const readVersion = (text) =>
  /^Asterisk (?:certified[/-])?([0-9]+(?:\.[0-9]+)*)/.exec(text)?.[1] ?? null;

/** @param {string} version @returns {boolean} */
export function isRecent(version) {
  const parts = version.split('.').map(Number);
  for (const [index, least] of OLDEST_VERSION.entries()) {
    const part = parts[index] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}

async function build(fd, log) {
  await needPackages(BUILD_PACKAGES, log);
  const mirrors = await debianMirrors();
  await needRoot("making Asterisk's root file system with mmdebstrap");
  await removeUnfinished();
  const fresh = `${rootPath()}.unfinished-${process.pid}`;
  await step("making Asterisk's root file system (about 35 s, 320 MB)", async (tell) => {
    await bootstrap(mirrors, fresh, { keepOpen: fd, log, onLine: (line) => tell(line.slice(0, 80)) });
    await run(asRoot(['sh', '-c', COMPLETE, 'sh', fresh]));
    const version = readVersion(
      (await tryRun(asRoot([findProgram('chroot') ?? 'chroot', fresh, 'asterisk', '-V']))).stdout,
    );
    if (version === null || !isRecent(version)) {
      throw fault(
        'asterisk-missing',
        `The mirror's suite ${SUITE} holds Asterisk ${version ?? 'not at all'}; ${OLDEST_VERSION.join('.')} or later is needed.`,
      );
    }
    await run(asRoot(['mv', '-T', fresh, rootPath()]));
  });
  const made = await builtAsterisk();
  if (made === null) throw fault('asterisk-missing', `${rootPath()} does not hold Asterisk.`);
  return made;
}

/** Files over which the running Asterisk's own are mounted must be there. */
const COMPLETE = `
for name in null zero full random urandom; do [ -e "$1/dev/$name" ] || : > "$1/dev/$name"; done
[ -e "$1/etc/hosts" ] || printf '127.0.0.1 localhost\\n' > "$1/etc/hosts"
rm -f "$1/etc/hostname"`;

async function bootstrap(mirrors, fresh, options) {
  const proxy = await aptProxy();
  let why = '';
  for (const mirror of mirrors) {
    const command = [
      ...[
        'mmdebstrap',
        '--mode=root',
        '--variant=apt',
        '--include=asterisk,ca-certificates',
        '--components=main',
      ],
      // A frozen mirror's Release file may be past its date; signatures are checked all the same.
      ...[
        '--aptopt=Acquire::Check-Valid-Until "false"',
        '--aptopt=APT::Install-Recommends "false"',
        ...proxy,
      ],
      ...['--dpkgopt=path-exclude=/usr/share/doc/*', '--dpkgopt=path-exclude=/usr/share/man/*'],
      ...[SUITE, fresh, mirror],
    ];
    // In a mount namespace of its own: what mmdebstrap mounts is gone with it, even if it is killed.
    const ended = await tryRun(
      asRoot(['unshare', '--mount', '--propagation', 'private', ...command]),
      options,
    );
    if (ended.code === 0) return;
    why = /^(?:E|unshare): .*$/m.exec(ended.stderr)?.[0] ?? complaint(ended);
    await removeUnfinished();
  }
  throw fault(
    'asterisk-missing',
    `Asterisk could not be fetched from ${mirrors.join(' or ')}: ${why} (see ${options.log})`,
  );
}

async function aptProxy() {
  const { stdout } = await tryRun(['apt-config', 'dump', '--format', '%f "%v"%n', 'Acquire::http::Proxy']);
  const line = stdout.split('\n').find((text) => /^Acquire::http::Proxy "[^"]+"$/.test(text));
  return line === undefined ? [] : [`--aptopt=${line}`];
}

/** What interrupted set-ups left. The lock is ours, so nobody is at work there. */
async function removeUnfinished() {
  const prefix = `${rootPath()}.unfinished-`;
  const left = readdirSync(cacheDir())
    .map((name) => join(cacheDir(), name))
    .filter((path) => path.startsWith(prefix));
  for (const path of left) await run(asRoot(['rm', '-rf', '--one-file-system', path]));
}

/** @param {string} path of dpkg's database: asking Asterisk itself would take root's rights. @returns {string | null} */
function readPackageVersion(path) {
  const version = /^Package: asterisk\n(?:.+\n)*?Version: (?:[0-9]+:)?([0-9.]+)/m.exec(
    readText(path) ?? '',
  )?.[1];
  return version === undefined || !isRecent(version) ? null : version;
}
