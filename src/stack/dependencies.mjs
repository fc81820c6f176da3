/** What the application needs from npm, as package-lock.json says; installed where it is missing or of another lock file. */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { withLock } from './commands.mjs';
import { fault } from './fault.mjs';
import { layoutOf, projectDir, stateDirOf } from './paths.mjs';
import { say, step } from './telling.mjs';
import { lastWords, npm, runTool } from './tools.mjs';

const LOCK_FILE = join(projectDir, 'package-lock.json');
/** npm writes it last of all: a folder without it is unfinished. */
const NPM_MARK = join(projectDir, 'node_modules', '.package-lock.json');
/** Ours: of which lock file, for which Node; times of files lie after a checkout or a copy. */
const OUR_MARK = join(projectDir, 'node_modules', '.clinic-137');
const NODE_AT_LEAST = [20, 19];
/**
 * npm by itself waits up to a minute between its tries for each of hundreds of files, so without a network it would go on
 * for an hour. The whole is tried anew instead: what was fetched meanwhile is in npm's cache.
 */
const TRIES = 3;
const PAUSE_MS = 2_000;
const NO_NETWORK =
  /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ERR_SOCKET_TIMEOUT)\b/;

/**
 * Installs with `npm ci` unless what is there fits. Two commands at once wait for each other.
 * @param {AbortSignal} [signal] ends an installation; the next command begins it anew
 * @throws fault node-too-old, dependencies-missing
 */
export async function needDependencies(signal) {
  needNode();
  if (areHere()) return;
  const onWait = () => say('waiting for another command that installs the packages from npm');
  await withLock(join(stateDirOf(), 'dependencies.lock'), onWait, async () => {
    if (!areHere()) await install(signal);
  });
}

function needNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [leastMajor = 0, leastMinor = 0] = NODE_AT_LEAST;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return;
  throw fault(
    'node-too-old',
    `Node.js ${NODE_AT_LEAST.join('.')} or later is needed; this is ${process.versions.node}.`,
  );
}

const wantedMark = () =>
  `${createHash('sha256').update(readFileSync(LOCK_FILE)).digest('hex')} ${process.platform}-${process.arch}\n`;

function areHere() {
  if (!existsSync(NPM_MARK)) return false;
  if (existsSync(OUR_MARK)) return readFileSync(OUR_MARK, 'utf8') === wantedMark();
  // Installed by hand: believed where it came after the lock file.
  return statSync(NPM_MARK).mtimeMs >= statSync(LOCK_FILE).mtimeMs;
}

async function install(signal) {
  const logFile = join(layoutOf(stateDirOf()).logs, 'npm.log');
  for (let tried = 1; ; tried += 1) {
    const ended = await step('installing the packages from npm', (tell) => npmCi({ logFile, tell, signal }));
    if (ended.code === 0) return writeFileSync(OUR_MARK, wantedMark());
    const network = NO_NETWORK.exec(ended.output)?.[0];
    if (network === undefined) throw missing(`npm ci failed: ${firstError(ended)} (see ${logFile})`);
    if (tried === TRIES) {
      throw missing(`the npm registry cannot be reached (${network}); run this once with a network`);
    }
    await pause(PAUSE_MS, undefined, { signal });
  }
}

const missing = (why) => fault('dependencies-missing', `Packages from npm are missing: ${why}.`);

function npmCi({ logFile, tell, signal }) {
  // NODE_ENV=production around us would leave out what builds and tests.
  const options = ['--include=dev', '--no-audit', '--no-fund', '--fetch-retries=0', '--loglevel=http'];
  let fetched = 0;
  const onLine = (line) => {
    if (/ fetch GET 200 /.test(line)) tell(`${(fetched += 1)} files fetched`);
  };
  return runTool([...npm(), 'ci', ...options], {
    logFile,
    onLine,
    ...(signal === undefined ? {} : { signal }),
  });
}

/** What npm complains of; after it come its usage and where its log lies. */
function firstError(ended) {
  const errors = ended.output
    .split('\n')
    .flatMap((line) => /^npm error (?!code |errno |syscall )(\S.*)/.exec(line)?.[1] ?? []);
  return errors[0] ?? lastWords(ended);
}
