/** The application's HTTP interface as the demo uses it: signed in, JSON in, JSON out. */
import { fault } from './fault.mjs';

const ANSWER_WITHIN_MS = 15_000;
const LONGEST_PAGE = 200;

/**
 * @typedef {{
 *   get: (path: string) => Promise<any>, post: (path: string, body?: unknown) => Promise<any>,
 *   all: (path: string, filters: Record<string, string>) => Promise<any[]>,
 * }} Api paths below /api/v1; all: every item of a list, page by page
 */

/**
 * @param {string} url the web server's
 * @param {{ username: string, password: string }} account
 * @returns {Promise<Api>}
 * @throws fault api-refused, with what the application said
 */
export async function signIn(url, { username, password }) {
  const { token } = await request(url, 'POST', '/session', { body: { username, password } });
  const get = (path) => request(url, 'GET', path, { token });
  return {
    get,
    post: (path, body) => request(url, 'POST', path, { token, ...(body === undefined ? {} : { body }) }),
    async all(path, filters) {
      const items = [];
      for (let cursor = ''; cursor !== null;) {
        const query = new URLSearchParams({
          ...filters,
          limit: String(LONGEST_PAGE),
          ...(cursor === '' ? {} : { cursor }),
        });
        const page = await get(`${path}?${query}`);
        items.push(...page.items);
        cursor = page.next ?? null;
      }
      return items;
    },
  };
}

async function request(url, method, path, { token, body } = {}) {
  const answer = await fetch(`${url}/api/v1${path}`, {
    method,
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (answer.ok) return text === '' ? null : JSON.parse(text);
  throw fault('api-refused', `${method} ${path} was refused: ${answer.status} ${text.slice(0, 300)}`);
}
