/** What stack.json tells: the contract's fields, and `env`, the application's environment against this stack. */
import { join } from 'node:path';
import { soundsDirOf } from './asterisk.mjs';
import { checkoutName } from './paths.mjs';
import { ROLES } from './secrets.mjs';

const HOST = '127.0.0.1';

/**
 * @param {{ layout: ReturnType<import('./paths.mjs').layoutOf>, ports: import('./ports.mjs').Ports, secrets: Record<string, string>, processes: { app: number | null, asterisk: number, postgres: number, redis: number } }} options
 */
export function describeStack({ layout, ports, secrets, processes }) {
  const web = `http://${HOST}:${ports.web}`;
  const redis = `redis://${HOST}:${ports.redis}`;
  const postgres = `postgres://clinic:${secrets.postgres}@${HOST}:${ports.postgres}/clinic`;
  const ari = { url: `http://${HOST}:${ports.asteriskHttp}`, username: 'clinic', password: secrets.ari };
  const ami = { host: HOST, port: ports.ami, username: 'clinic', password: secrets.ami };
  const account = (role) => [role, { username: role, password: secrets[`account-${role}`] }];
  return {
    web: { url: web },
    redis: { port: ports.redis, url: redis },
    postgres: { url: postgres },
    accounts: Object.fromEntries(ROLES.map(account)),
    sip: {
      trunk: { host: HOST, port: ports.sip, headers: { 'X-Clinic-Trunk': secrets.trunk } },
      callbackTarget: `sip:citizen@${HOST}:${ports.callback}`,
      /** The exchange's trunk to it, for CALLBACK_TRUNK: nobody answers there unless somebody listens. */
      callbackTrunk: 'callbacks',
    },
    processes,
    checkout: checkoutName,
    ports,
    ari,
    ami,
    asterisk: foldersOf(layout),
    env: {
      ...{ DATABASE_URL: postgres, REDIS_URL: redis },
      ...{ ARI_URL: ari.url, ARI_USERNAME: ari.username, ARI_PASSWORD: ari.password },
      ...{
        AMI_HOST: ami.host,
        AMI_PORT: String(ami.port),
        AMI_USERNAME: ami.username,
        AMI_PASSWORD: ami.password,
      },
      ...{ HTTP_HOST: HOST, HTTP_PORT: String(ports.web), PUBLIC_URL: web },
      ...{
        SIP_DOMAIN: HOST,
        SIP_PORT: String(ports.sip),
        SIP_WS_URL: `ws://${HOST}:${ports.asteriskHttp}/ws`,
      },
      ...{ RECORDINGS_DIR: layout.recordings, RECORDINGS_KEY: base64(secrets.recordings) },
      SECOND_FACTOR_REQUIRED: 'false',
    },
  };
}

const base64 = (hex) => Buffer.from(hex, 'hex').toString('base64');

/** As this machine sees them; Asterisk may see them elsewhere. */
function foldersOf(layout) {
  const at = (name) => join(layout.asterisk, name);
  const tlsCertificate = at('tls/certificate.pem');
  return {
    soundsDir: soundsDirOf(layout),
    spoolDir: at('spool'),
    etcDir: at('etc'),
    logDir: at('log'),
    tlsCertificate,
  };
}
