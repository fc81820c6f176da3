/** Debian packages the stack needs: what is missing is installed, and no service of the machine is started by it. */
import { join } from 'node:path';
import { ensureRoot, has, run, runAsRoot, step } from './commands.mjs';
import { fault } from './fault.mjs';

/** What the stack itself needs; mmdebstrap and its keys only where Asterisk comes from a root file system. */
export const STACK_PACKAGES = ['postgresql', 'redis-server', 'espeak-ng', 'sox', 'openssl'];
export const ROOT_PACKAGES = ['mmdebstrap', 'debian-archive-keyring'];
/**
 * prometheus: its promtool tries the alert rules, and itself reads a running application's figures. docker-compose: the
 * parser of Compose itself, no engine. systemd: systemd-analyze.
 */
export const TEST_PACKAGES = [
  'sip-tester',
  'baresip-core',
  'kamailio',
  'kamailio-tls-modules',
  'zzuf',
  'chromium',
  'prometheus',
  'docker-compose',
  'systemd',
];
/** tcpdump: a capture is the witness; sipvicious: what guessers really use. */
export const BENCH_PACKAGES = ['sip-tester', 'tcpdump', 'sipvicious', 'zzuf'];

/** Programs that stand for a package on a machine where something else brought them. */
const PROGRAMS = {
  'redis-server': 'redis-server',
  'espeak-ng': 'espeak-ng',
  'sip-tester': 'sipp',
  tcpdump: 'tcpdump',
  sipvicious: 'svwar',
  zzuf: 'zzuf',
  'baresip-core': 'baresip',
  mmdebstrap: 'mmdebstrap',
  sox: 'sox',
  openssl: 'openssl',
  chromium: 'chromium',
  prometheus: 'promtool',
  'docker-compose': 'docker-compose',
  systemd: 'systemd-analyze',
  // Not on the path of every account.
  kamailio: '/usr/sbin/kamailio',
};

/**
 * @param {string[]} names
 * @returns {Promise<string[]>} those not installed
 */
export async function missingPackages(names) {
  const states = await packageStates(names);
  return names.filter((name) => {
    const state = states.get(name) ?? 'not-installed';
    // Without a trace of the package its program will do; after an interrupted installation it will not.
    if (['not-installed', 'config-files'].includes(state)) return !PROGRAMS[name] || !has(PROGRAMS[name]);
    return state !== 'installed';
  });
}

async function packageStates(names) {
  if (!has('dpkg-query')) return new Map();
  const { output } = await run('dpkg-query', ['-W', '-f', '${Package} ${db:Status-Status}\n', ...names]);
  return new Map(
    output
      .trim()
      .split('\n')
      .map((line) => line.split(' ')),
  );
}

/**
 * Installs what is missing of these packages.
 * @param {string[]} names
 * @param {{ log: (line: string) => void, logDir: string }} options logDir: apt's output goes to a file there
 * @throws fault packages-not-installable, root-needed
 */
export async function ensurePackages(names, { log, logDir }) {
  const missing = await missingPackages(names);
  if (missing.length === 0) return;
  const list = missing.join(' ');
  if (!has('apt-get'))
    throw fault(
      'packages-not-installable',
      `These are missing, and there is no apt-get to install them: ${list}`,
    );
  ensureRoot(`installing the packages ${list}`, log);
  log(`Installing with apt-get (sudo where you are not root): ${list}`);
  const logFile = join(logDir, 'apt.log');
  await step(log, 'Packages installed', async () => {
    const { code } = await runAsRoot('sh', ['-c', INSTALL, 'install', ...missing], { logFile });
    if (code === 0) return;
    const reason = REASONS[code] ?? 'the installation was interrupted';
    throw fault('packages-not-installable', `${reason}; missing: ${list}; apt-get's words are in ${logFile}`);
  });
}

const REASONS = {
  3: 'the package lists cannot be fetched (no network, or a mirror that is away)',
  4: 'apt-get cannot install them',
};

/**
 * While packages are installed, policy-rc.d tells their scripts to start no service and to restart none. It expires with
 * the shell that wrote it, so that even a killed installation leaves a policy that changes nothing; a policy of the
 * machine's own is put aside meanwhile, asked again as soon as ours has expired, and put back at the end or by the next
 * installation. Services that came new with the packages are not started at boot either.
 */
const INSTALL = String.raw`
policy=/usr/sbin/policy-rc.d
aside=/usr/sbin/policy-rc.d.before-clinic-137
services='postgresql redis-server asterisk prometheus kamailio'
restore() {
  if grep -qs clinic-137 "$policy"; then rm -f "$policy"; fi
  if [ -e "$aside" ]; then mv -f "$aside" "$policy"; fi
}
restore
trap restore EXIT
trap 'exit 130' INT TERM HUP
here_before=''
for service in $services; do
  if [ -e "/etc/init.d/$service" ]; then here_before="$here_before $service "; fi
done
if [ -e "$policy" ]; then mv "$policy" "$aside"; fi
began=$(cut -d' ' -f22 "/proc/$$/stat")
cat > "$policy.clinic-137" <<POLICY
#!/bin/sh
# Written by clinic-137 while it installs packages; without effect once process $$ has ended.
case "\$(cut -d' ' -f3,22 /proc/$$/stat 2>/dev/null)" in Z*) ;; *" $began") exit 101 ;; esac
if [ -x $aside ]; then exec $aside "\$@"; fi
exit 0
POLICY
chmod 755 "$policy.clinic-137" && mv "$policy.clinic-137" "$policy" || exit 4
export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
dpkg --configure -a || exit 4
apt-get -o DPkg::Lock::Timeout=300 -o APT::Update::Error-Mode=any -qq update || apt-get -qq update || exit 3
apt-get -o DPkg::Lock::Timeout=300 -y -q --no-install-recommends --no-upgrade install "$@" || exit 4
if [ -d /run/systemd/system ]; then
  for service in $services; do
    case "$here_before" in *" $service "*) continue ;; esac
    if [ -e "/etc/init.d/$service" ]; then systemctl disable --quiet "$service" || true; fi
  done
fi
`;
