/** What PostgreSQL's own programs need to know, in the variables they read: an argument would show the password to everyone. */
import { readFileSync } from 'node:fs';
import { fault } from './fault.mjs';

/**
 * @param {Record<string, string | undefined>} env
 * @param {string} name
 * @returns {string} the variable, or what the file named by `<name>_FILE` holds; '' for neither
 * @throws fault secret-unreadable
 */
export function valueOrFile(env, name) {
  const file = env[`${name}_FILE`];
  if (!file) return env[name] ?? '';
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw fault('secret-unreadable', `${name}_FILE cannot be read: ${error.message}`, error);
  }
}

/**
 * The application's DATABASE_URL as libpq's variables. Where the host is a folder, it is a socket's:
 * `postgres://clinic:secret@/clinic?host=/run/postgresql`.
 * @param {string} url
 * @returns {Record<string, string>} PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE, as far as the address names them
 * @throws fault database-url-invalid
 */
export function postgresEnv(url) {
  const parts = /^postgres(?:ql)?:\/\/(?:([^:@/?]*)(?::([^@/?]*))?@)?([^/?]*)\/([^/?]+)(?:\?(.*))?$/.exec(
    url,
  );
  if (parts === null)
    throw fault('database-url-invalid', 'DATABASE_URL is not like postgres://user:secret@host:port/database');
  const [, user = '', password = '', host = '', database = '', query = ''] = parts;
  const options = new URLSearchParams(query);
  const [, name = '', port = ''] = /^(\[[^\]]*\]|[^:]*)(?::([0-9]+))?$/.exec(host) ?? [];
  const given = {
    PGHOST: options.get('host') ?? decodeURIComponent(name.replace(/^\[(.*)\]$/, '$1')),
    PGPORT: options.get('port') ?? port,
    PGUSER: decodeURIComponent(user),
    PGPASSWORD: decodeURIComponent(password),
    PGDATABASE: decodeURIComponent(database),
    PGSSLMODE: options.get('sslmode') ?? '',
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
}
