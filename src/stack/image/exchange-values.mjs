/** The values of Asterisk's configuration outside this machine's local stack: from the environment and from secrets in files. */
import { readAsteriskValues } from '../asterisk-values.mjs';
import { valueOrFile } from '../database-url.mjs';

/** These may come as files, named by `<variable>_FILE`. */
const SECRETS = ['ARI_PASSWORD', 'AMI_PASSWORD', 'TRUNK_PASSWORD'];

/**
 * @param {Record<string, string | undefined>} env
 * @returns {Record<string, string>} whole and checked, for renderAsteriskConfig
 * @throws fault secret-unreadable; AsteriskConfigError naming every fault of the values at once
 */
export function exchangeValues(env) {
  const secrets = Object.fromEntries(SECRETS.map((name) => [name, valueOrFile(env, name)]));
  return readAsteriskValues({ ...env, ...secrets }, { ...foldersOf(env), trunkHeaderSecret: '' });
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
