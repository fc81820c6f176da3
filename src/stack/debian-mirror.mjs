/** The machine's own Debian mirror, read from apt: no mirror's name stands in this repository. */
import { fault } from './fault.mjs';
import { readText } from './files.mjs';
import { findProgram, tryRun } from './run.mjs';

const FORMAT = '$(REPO_URI)|$(RELEASE)|$(COMPONENT)|$(ORIGIN)';

/**
 * @returns {Promise<string[]>} addresses to try, the likeliest first
 * @throws {import('./fault.mjs').Fault} mirror-unknown
 */
export async function debianMirrors() {
  const given = process.env['CLINIC_DEBIAN_MIRROR'];
  if (given !== undefined && given !== '') return [given];
  const release = readText('/etc/os-release') ?? '';
  const targets =
    findProgram('apt-get') === null
      ? ''
      : (await tryRun(['apt-get', 'indextargets', '--format', FORMAT, 'Created-By: Packages'])).stdout;
  const mirrors = readMirrors(targets, /^VERSION_CODENAME=(.*)$/m.exec(release)?.[1] ?? '');
  if (/^ID=debian$/m.test(release) && mirrors.length > 0) return mirrors;
  throw fault(
    'mirror-unknown',
    "There is no Asterisk 22.10.1 or later here, and apt's sources name no Debian mirror to take one from: set CLINIC_DEBIAN_MIRROR to a mirror's address.",
  );
}

/**
 * @param {string} targets apt's index targets, one a line in FORMAT
 * @param {string} codename of this machine's release
 * @returns {string[]} mirrors of the main release; those that call themselves Debian first (before the first
 *   `apt-get update` none is known to)
 */
export function readMirrors(targets, codename) {
  const found = targets
    .split('\n')
    .map((line) => line.split('|'))
    .filter(
      ([, suite, component]) =>
        component === 'main' && (suite === codename || suite === 'stable' || suite === 'testing'),
    )
    .map(([uri = '', , , origin]) => ({ uri: resolveList(uri), isDebian: origin === 'Debian' }))
    .filter(({ uri }) => /^https?:\/\//.test(uri));
  return [
    ...new Set([...found.filter((one) => one.isDebian), ...found].map(({ uri }) => uri.replace(/\/$/, ''))),
  ];
}

/** Cloud images list their mirrors in a file: the first of them. */
function resolveList(uri) {
  const list = /^mirror\+file:(\/.*?)\/?$/.exec(uri)?.[1];
  if (list === undefined) return uri;
  return /^\s*(https?:\S+)/m.exec(readText(list) ?? '')?.[1] ?? '';
}
