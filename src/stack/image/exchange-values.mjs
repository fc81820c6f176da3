/** The values of Asterisk's configuration outside this machine's local stack: from the environment and from secrets in files. */
import { valueOrFile } from '../database-url.mjs';

/** By the variable that sets each, with its default; '' where it may be left out, undefined where it must be given. */
const VARIABLES = {
  systemName: ['ASTERISK_SYSTEM_NAME', 'clinic'],
  bindAddress: ['ASTERISK_BIND_ADDRESS', '0.0.0.0'],
  controlAddress: ['ASTERISK_CONTROL_ADDRESS', '127.0.0.1'],
  externalAddress: ['ASTERISK_EXTERNAL_ADDRESS', ''],
  sipPort: ['ASTERISK_SIP_PORT', '5060'],
  sipTlsPort: ['ASTERISK_SIP_TLS_PORT', '5061'],
  httpPort: ['ASTERISK_HTTP_PORT', '8188'],
  amiPort: ['AMI_PORT', '5139'],
  rtpStart: ['ASTERISK_RTP_START', '20000'],
  rtpEnd: ['ASTERISK_RTP_END', '20999'],
  ariUsername: ['ARI_USERNAME', 'clinic'],
  ariPassword: ['ARI_PASSWORD'],
  amiUsername: ['AMI_USERNAME', 'clinic'],
  amiPassword: ['AMI_PASSWORD'],
  trunkMatch: ['TRUNK_MATCH'],
  legacyTrunkUri: ['LEGACY_137_URI', ''],
  clinicNumber: ['CLINIC_NUMBER', '137'],
  optionDigit: ['CLINIC_OPTION', '8'],
  sipRealm: ['SIP_REALM', 'clinic'],
  tlsCertFile: ['ASTERISK_TLS_CERT_FILE', ''],
  tlsKeyFile: ['ASTERISK_TLS_KEY_FILE', ''],
};
/** These may come as files, named by `<variable>_FILE`. */
const SECRETS = ['ARI_PASSWORD', 'AMI_PASSWORD'];

/**
 * @param {Record<string, string | undefined>} env
 * @returns {Record<string, string>} for renderAsteriskConfig, which checks them; what is not given is left out there
 * @throws fault secret-unreadable
 */
export function exchangeValues(env) {
  const given = { ...env, ...Object.fromEntries(SECRETS.map((name) => [name, valueOrFile(env, name)])) };
  const values = Object.entries(VARIABLES).map(([value, [variable, fallback]]) => [
    value,
    given[variable] || fallback,
  ]);
  return {
    ...Object.fromEntries(values.filter(([, text]) => text !== undefined)),
    ...foldersOf(env),
    trunkHeaderSecret: '',
  };
}

/**
 * Where the exchange keeps what, as Asterisk sees it.
 * @param {Record<string, string | undefined>} env EXCHANGE_HOME: all of it below one folder; each may be set by itself
 */
export function foldersOf(env) {
  const home = env.EXCHANGE_HOME || '/srv';
  return {
    etcDir: env.ASTERISK_ETC_DIR || `${home}/etc`,
    dataDir: env.ASTERISK_DATA_DIR || `${home}/data`,
    spoolDir: env.ASTERISK_SPOOL_DIR || `${home}/spool`,
    runDir: env.ASTERISK_RUN_DIR || `${home}/run`,
    logDir: env.ASTERISK_LOG_DIR || `${home}/log`,
    dbDir: env.ASTERISK_DB_DIR || `${home}/db`,
  };
}
