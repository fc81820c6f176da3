/**
 * Where Asterisk comes from: the system's package if it is new enough, else a small root file system with Debian's
 * package, made once per user. See asterisk.mjs for how it runs.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ensureRoot, has, run, runAsRoot, step } from './commands.mjs';
import { fault } from './fault.mjs';
import { ensurePackages, ROOT_PACKAGES } from './packages.mjs';

/** The first with the features and security fixes relied upon. */
const OLDEST = [22, 10, 1];
/** The suite of Debian that has it. */
const SUITE = 'forky';
const ROOT_NAME = `asterisk-${SUITE}`;

/**
 * @param {{ cacheDir: string, logDir: string, log: (line: string) => void }} options
 * @returns {Promise<{ root: string | null, version: string }>} root null: the system's own
 * @throws fault asterisk-not-to-be-had and those of packages.mjs
 */
export async function ensureAsterisk({ cacheDir, logDir, log }) {
  const own = await installedVersion();
  if (isNewEnough(own)) return { root: null, version: own };
  const root = join(cacheDir, ROOT_NAME);
  if (!existsSync(root)) {
    if (isNewEnough(await candidateVersion())) {
      await ensurePackages(['asterisk'], { log, logDir });
      return { root: null, version: await installedVersion() };
    }
    await makeRoot(root, { cacheDir, logDir, log });
  }
  return { root, version: versionIn((await runAsRoot('chroot', [root, 'asterisk', '-V'])).output) };
}

/** @returns {string} e.g. `22.10.1`; '' if there is none */
async function installedVersion() {
  return has('asterisk') ? versionIn((await run('asterisk', ['-V'])).output) : '';
}

async function candidateVersion() {
  if (!has('apt-cache')) return '';
  const { output } = await run('apt-cache', ['policy', 'asterisk'], { env: { ...process.env, LC_ALL: 'C' } });
  return versionIn(/Candidate: (.*)/.exec(output)?.[1] ?? '');
}

/** @param {string} text of `asterisk -V`, or a Debian version with its epoch */
export function versionIn(text) {
  return /(?:^|[\s:])([0-9]+(?:\.[0-9]+)+)/.exec(text)?.[1] ?? '';
}

/** @param {string} version e.g. `22.10.1`; '' for none */
export function isNewEnough(version) {
  if (version === '') return false;
  const parts = version.split('.').map(Number);
  const differs = OLDEST.findIndex((part, i) => (parts[i] ?? 0) !== part);
  return differs === -1 || (parts[differs] ?? 0) > OLDEST[differs];
}

/**
 * The mirror of Debian this machine's apt is set up with, whatever the form of its sources.
 * @param {string} targets lines `origin release repository`
 * @returns {string | null}
 */
export function mirrorIn(targets) {
  for (const line of targets.split('\n')) {
    const [origin, release, named = ''] = line.split('|');
    const repository = firstOfList(named);
    if (
      origin === 'Debian' &&
      !/security|backports|updates/.test(release) &&
      /^(https?|file):/.test(repository)
    )
      return repository;
  }
  return null;
}

/** Cloud images name a file that lists their mirrors. */
function firstOfList(repository) {
  const list = /^mirror\+file:(\/.*?)\/?$/.exec(repository)?.[1];
  if (list === undefined || !existsSync(list)) return repository;
  return /^\s*(https?:\S+)/m.exec(readFileSync(list, 'utf8'))?.[1] ?? '';
}

/** @returns {Promise<string | null>} null: mmdebstrap's own choice, as on Ubuntu, whose apt names no Debian mirror */
async function mirrorOfThisMachine(log) {
  if (process.env.CLINIC_DEBIAN_MIRROR) return process.env.CLINIC_DEBIAN_MIRROR;
  const format = '$(ORIGIN)|$(RELEASE)|$(REPO_URI)';
  const list = () => run('apt-get', ['indextargets', '--format', format, 'Created-By: Packages']);
  let mirror = mirrorIn((await list()).output);
  if (mirror === null && existsSync('/etc/debian_version')) {
    // Without package lists apt does not know yet whose its sources are.
    ensureRoot('fetching the package lists', log);
    await runAsRoot('apt-get', ['-qq', 'update']);
    mirror = mirrorIn((await list()).output);
  }
  return mirror;
}

async function makeRoot(root, { cacheDir, logDir, log }) {
  if (!has('apt-get'))
    throw fault(
      'asterisk-not-to-be-had',
      `Asterisk ${OLDEST.join('.')} or later is missing, and without apt-get it cannot be fetched; docker compose up gives the same system`,
    );
  await ensurePackages(ROOT_PACKAGES, { log, logDir });
  ensureRoot("making Asterisk's root file system", log);
  mkdirSync(cacheDir, { recursive: true });
  const mirror = await mirrorOfThisMachine(log);
  const logFile = join(logDir, 'asterisk-root.log');
  log(
    `Making Asterisk's root file system (once, half a minute to two minutes, 320 MB, sudo where you are not root): ${root}`,
  );
  await step(log, "Asterisk's root file system", async () => {
    const { code } = await runAsRoot(
      'flock',
      [
        '--exclusive',
        `${root}.lock`,
        ...['unshare', '--mount', '--propagation', 'private'],
        'sh',
        '-c',
        BUILD,
        'build',
        root,
        hostname(),
        SUITE,
        ...(mirror ? [mirror] : []),
      ],
      { logFile },
    );
    if (code !== 0)
      throw fault(
        'asterisk-not-to-be-had',
        `Asterisk's root file system cannot be made (network? space?); mmdebstrap's words are in ${logFile}`,
      );
  });
}

/**
 * Runs under a lock of the kernel that lives as long as any process of it: a second checkout waits and then finds the
 * work done, and what an interrupted build left is known to be nobody's. What mmdebstrap mounts, it mounts in a
 * namespace of its own, so nothing stays mounted either.
 */
const BUILD = String.raw`
root=$1; host=$2; shift 2
if [ -e "$root" ]; then exit 0; fi
rm -rf --one-file-system "$root.building"
suite=$1; shift
set -- "$suite" "$root.building" "$@"
# mmdebstrap does not read this machine's apt configuration, and a proxy may be the only way out.
eval "$(apt-config shell proxy Acquire::http::Proxy secure Acquire::https::Proxy)"
if [ -n "$secure" ]; then set -- --aptopt="Acquire::https::Proxy \"$secure\"" "$@"; fi
if [ -n "$proxy" ]; then set -- --aptopt="Acquire::http::Proxy \"$proxy\"" "$@"; fi
mmdebstrap --variant=apt --include=asterisk,ca-certificates --components=main \
  --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='APT::Install-Recommends "false"' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
  "$@" || exit 1
printf '127.0.0.1 localhost %s\n' "$host" > "$root.building/etc/hosts" &&
chmod 755 "$root.building" && sync && mv "$root.building" "$root"
`;
