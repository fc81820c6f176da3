/** Registering with the server (RFC 3261 section 10) and staying registered. */
import { dialogOfCaller, dialogRequest } from './dialog.mjs';
import { headerValue, headerValues, parseNameAddress } from './sip.mjs';

/** Renewed after this share of what the server granted. */
const RENEW = 0.8;
const RETRY_SECONDS = 2;
const DEFAULT_SECONDS = 120;

/** @param {any} ua */
export function createRegistration(ua) {
  const domain = `${ua.server.host}:${ua.server.port}`;
  const address = `<sip:${encodeURIComponent(ua.options.username)}@${domain}>`;
  // Not a dialog, but one Call-ID and one sequence, as all registrations of a telephone share them.
  const sequence = {
    ...dialogOfCaller({ local: address, remote: address, target: `sip:${domain}` }),
    localSequence: 0,
  };
  const state = {
    ua,
    sequence,
    timer: /** @type {NodeJS.Timeout | undefined} */ (undefined),
    registered: false,
  };
  const stop = () => clearTimeout(state.timer);
  return {
    /**
     * @param {{ expires?: number, renew?: boolean }} [options] seconds asked for
     * @returns {Promise<import('./phone.mjs').Registration>} ok is false with the server's refusal, or 408
     */
    async register({ expires = DEFAULT_SECONDS, renew = true } = {}) {
      stop();
      const result = await ask(state, expires);
      state.registered = result.ok;
      if (result.ok && renew) renewLater(state, expires, result.expiresSeconds * RENEW);
      return result;
    },
    /** @returns {Promise<import('./phone.mjs').Registration>} */
    async unregister() {
      stop();
      if (!state.registered)
        return { ok: true, status: 200, reason: 'was not registered', expiresSeconds: 0 };
      state.registered = false;
      return ask(state, 0);
    },
    stop,
  };
}

/** Once registered, a refusal or silence (the server restarts) is met by asking again. */
function renewLater(state, expires, seconds) {
  if (state.ua.closed) return;
  state.timer = setTimeout(async () => {
    const result = await ask(state, expires);
    if (state.registered)
      renewLater(state, expires, result.ok ? result.expiresSeconds * RENEW : RETRY_SECONDS);
  }, seconds * 1_000);
}

function ask({ ua, sequence }, expires) {
  return new Promise((resolve) => {
    const build = (credentials) => {
      const about = [['Contact', ua.contact()], ['Expires', String(expires)], ...ua.common, ...credentials];
      return dialogRequest({ ...sequence, remoteTag: '' }, 'REGISTER', {
        headers: about,
        sequence: (sequence.localSequence += 1),
      });
    };
    ua.sendAuthenticated(build, ua.server, {
      onFinal: (response) => {
        const { status, reason } = response;
        resolve({
          ok: status >= 200 && status < 300,
          status,
          reason,
          expiresSeconds: grantedTo(ua, response, expires),
        });
      },
    });
  });
}

/** What the server says of our contact, else of all, else what we asked for. */
function grantedTo(ua, response, asked) {
  const own = headerValues(response, 'contact')
    .map(parseNameAddress)
    .find(({ uri }) => ua.contact() === `<${uri}>`);
  const granted = Number(own?.params['expires'] ?? headerValue(response, 'expires') ?? asked);
  return Number.isFinite(granted) ? granted : asked;
}
