/** A self-signed certificate for SIP over TLS on loopback; a real installation brings its own. */
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './run.mjs';

const VALID_DAYS = '3650';

/**
 * @param {string} folder
 * @returns {Promise<void>} with `sip.crt` and `sip.key` in it; the certificate is put in place last
 */
export async function needCertificate(folder) {
  const certificate = join(folder, 'sip.crt');
  const key = join(folder, 'sip.key');
  if (existsSync(certificate)) return;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  await run([
    ...['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...[
      '-days',
      VALID_DAYS,
      '-subj',
      '/CN=clinic-137 local stack',
      '-addext',
      'subjectAltName=IP:127.0.0.1,DNS:localhost',
    ],
    ...['-keyout', `${key}.new`, '-out', `${certificate}.new`],
  ]);
  renameSync(`${key}.new`, key);
  renameSync(`${certificate}.new`, certificate);
}
