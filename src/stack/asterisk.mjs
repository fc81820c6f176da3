/**
 * The stack's own Asterisk.
 *
 * From a root file system it runs in a private mount namespace: our folder is mounted over its /srv there and nowhere
 * else, so nothing outside ever sees a mount, all of them vanish with the process, and neither the checkout's path nor
 * who may enter it matters to Asterisk. It runs without root's rights: as the caller, or as an account of nobody's.
 */
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { ensureRoot, isRoot, run, runAsRoot } from './commands.mjs';
import { renderAsteriskConfig } from './asterisk-config.mjs';
import { isReady } from './asterisk-ready.mjs';
import { readAsteriskValues } from './asterisk-values.mjs';
import { fault } from './fault.mjs';
import { projectDir } from './paths.mjs';
import { assertFree } from './ports.mjs';
import { record, running, start, stop, untilReady, writeAside } from './processes.mjs';

const START_WITHIN_MS = 60_000;
const TEMPLATES = join(projectDir, 'dialplan');
const INSIDE = '/srv';
/**
 * The account where the caller is root: of no one. The number of the package's own account inside may well be another
 * account's outside, which could then read our secrets; neither Debian nor systemd gives this one away.
 */
const NOBODYS = 61137;
const CERTIFICATE_DAYS = '3650';

const filesOf = (layout) => ({
  recordFile: join(layout.pids, 'asterisk.json'),
  logFile: join(layout.logs, 'asterisk.log'),
});

/** @returns {string} Asterisk's sounds folder, filled by voice.mjs */
export const soundsDirOf = (layout) => join(layout.asterisk, 'data', 'sounds');

/**
 * @param {{ layout: ReturnType<import('./paths.mjs').layoutOf>, ports: import('./ports.mjs').Ports, secrets: Record<string, string>, root: string | null, log: (line: string) => void, environment?: Readonly<Record<string, string | undefined>> }} options
 *   root: its root file system; null: the system's package; secrets: without `trunk` no header makes anyone the trunk;
 *   environment: what sets the trunk (asterisk-values.mjs)
 * @returns {Promise<{ pid: number, started: boolean }>}
 */
export async function startAsterisk({ layout, ports, secrets, root, log, environment = process.env }) {
  const files = filesOf(layout);
  const home = layout.asterisk;
  for (const folder of ['etc', 'data', 'spool/recording', 'run', 'log', 'db', 'tls'])
    mkdirSync(join(home, folder), { recursive: true });
  await ensureCertificate(join(home, 'tls'));
  const values = valuesOf({ ports, secrets, inside: root === null ? home : INSIDE, environment });
  const fingerprint = fingerprintOf([root, values]);
  const found = running(files.recordFile);
  const started = found?.fingerprint !== fingerprint;
  if (started) {
    renderAsteriskConfig({
      templatesDir: TEMPLATES,
      outDir: join(home, 'etc'),
      values,
      dataDir: join(home, 'data'),
    });
    if (found) {
      log('Asterisk is started anew: its configuration has changed');
      await stop(files.recordFile);
    }
    assertFree(ports, ['sip', 'sipTls', 'asteriskHttp', 'ami']);
    if (root === null) await startPlain({ files, home, fingerprint });
    else await startInRoot({ files, home, root, fingerprint, log });
  }
  const ready = () => isReady(ports, secrets);
  await untilReady({ ...files, name: 'Asterisk', withinMs: START_WITHIN_MS, ready });
  return { pid: running(files.recordFile).pid, started };
}

export const stopAsterisk = (layout) => stop(filesOf(layout).recordFile);
export const runningAsterisk = (layout) => running(filesOf(layout).recordFile)?.pid ?? null;

/** The trunk's values are the environment's, so that even this stack can stand at a real one. */
function valuesOf({ ports, secrets, inside, environment }) {
  const at = (folder) => `${inside}/${folder}`;
  return readAsteriskValues(environment, {
    ...{ systemName: 'clinic', controlAddress: '127.0.0.1' },
    bindAddress: environment.ASTERISK_BIND_ADDRESS || '127.0.0.1',
    ...{ sipPort: ports.sip, sipTlsPort: ports.sipTls, httpPort: ports.asteriskHttp, amiPort: ports.ami },
    ...{ rtpStart: ports.rtpStart, rtpEnd: ports.rtpEnd },
    ...{ ariUsername: 'clinic', ariPassword: secrets.ari, amiUsername: 'clinic', amiPassword: secrets.ami },
    ...{
      etcDir: at('etc'),
      dataDir: at('data'),
      spoolDir: at('spool'),
      runDir: at('run'),
      logDir: at('log'),
      dbDir: at('db'),
    },
    trunkHeaderSecret: secrets.trunk,
    callbackUri: `sip:127.0.0.1:${ports.callback}`,
    ...{ tlsCertFile: at('tls/certificate.pem'), tlsKeyFile: at('tls/key.pem') },
  });
}

/** Changes with the values and with every template. */
function fingerprintOf(parts) {
  const hash = createHash('sha256').update(JSON.stringify(parts));
  for (const file of readdirSync(TEMPLATES).sort())
    if (file.endsWith('.conf')) hash.update(file).update(readFileSync(join(TEMPLATES, file)));
  return hash.digest('hex');
}

async function ensureCertificate(folder) {
  const certificate = join(folder, 'certificate.pem');
  if (existsSync(certificate)) return;
  const { code, complaint } = await run('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...[
      '-days',
      CERTIFICATE_DAYS,
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=DNS:localhost,IP:127.0.0.1',
    ],
    ...['-keyout', join(folder, 'key.pem'), '-out', `${certificate}.new`],
  ]);
  if (code !== 0)
    throw fault('certificate-failed', `openssl cannot make the certificate: ${complaint.trim()}`);
  // The certificate last: where it stands, its key does.
  writeAside(certificate, readFileSync(`${certificate}.new`, 'utf8'));
  rmSync(`${certificate}.new`);
}

function startPlain({ files, home, fingerprint }) {
  const args = ['-C', join(home, 'etc', 'asterisk.conf'), '-f'];
  return start({ ...files, fingerprint, program: 'asterisk', args });
}

/** The outer shell ends at once, so that no sudo stays behind; every later step takes the place of the one before. */
async function startInRoot({ files, home, root, fingerprint, log }) {
  ensureRoot('the private mount namespace of Asterisk', log);
  mkdirSync(join(files.logFile, '..'), { recursive: true });
  const pidFile = join(files.recordFile, '..', 'asterisk.started');
  mkdirSync(join(pidFile, '..'), { recursive: true });
  const hosts = join(home, 'hosts');
  writeAside(hosts, `127.0.0.1 localhost ${hostname()}\n`);
  // Asterisk looks its own name up for every call; an account that may not read this would ask DNS, and wait for it.
  chmodSync(hosts, 0o644);
  const [uid, gid] = isRoot ? [NOBODYS, NOBODYS] : [process.getuid(), process.getgid()];
  const { code, complaint } = await runAsRoot('sh', [
    ...['-c', LAUNCH, 'launch', root, home, INSIDE, String(uid), String(gid), files.logFile, pidFile],
    isRoot ? 'hand-over' : '',
  ]);
  const pid = code === 0 ? Number(readFileSync(pidFile, 'utf8')) : 0;
  if (!(pid > 0)) throw fault('start-failed', `Asterisk cannot be started: ${complaint.trim()}`);
  record(files.recordFile, pid, fingerprint);
}

const LAUNCH = String.raw`
root=$1; home=$2; inside=$3; uid=$4; gid=$5; log=$6; pidfile=$7
umask 022
if [ "$8" = hand-over ]; then
  # It may read its configuration and its key, and write only where it keeps things.
  cd "$home" && chmod 755 . && chown -R "$uid:$gid" spool run log db &&
    chown -R "root:$gid" etc tls && chmod -R u=rwX,g=rX,o= etc tls || exit 1
fi
rm -f "$pidfile" && : > "$log" || exit 1
setsid sh -c '
  echo $$ > "$7"
  exec unshare --mount --propagation private sh -ec "
    mount -t proc proc \"\$1/proc\"
    mount -t tmpfs -o mode=1777 tmpfs \"\$1/tmp\"
    for node in null zero full random urandom; do mount --bind /dev/\$node \"\$1/dev/\$node\"; done
    mount --bind \"\$2\" \"\$1\$3\"
    mount --bind \"\$2/hosts\" \"\$1/etc/hosts\"
    cd /
    exec chroot \"\$1\" setpriv --reuid=\"\$4\" --regid=\"\$5\" --clear-groups --no-new-privs \
      --inh-caps=-all --bounding-set=-all asterisk -C \"\$3/etc/asterisk.conf\" -f
  " inner "$@"
' outer "$@" </dev/null >>"$log" 2>&1 &
i=0
while [ ! -s "$pidfile" ] && [ $i -lt 100 ]; do sleep 0.02; i=$((i + 1)); done
[ -s "$pidfile" ]
`;
