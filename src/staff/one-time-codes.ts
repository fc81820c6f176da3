import { Secret, TOTP } from 'otpauth';

/** Second factor: time-based one-time codes (RFC 6238) of six digits, a new one each thirty seconds, SHA-1. */
const PERIOD_SECONDS = 30;
/** A telephone's clock may be half a minute off: the step before and the one after are taken too. */
const WINDOW = 1;

export interface Enrolment {
  /** Base 32, as an authenticator takes it by hand. */
  secret: string;
  /** `otpauth://totp/…`, as an authenticator takes it from a QR code. */
  uri: string;
}

/** A new secret of 160 bits for an account. */
export function newEnrolment(issuer: string, username: string): Enrolment {
  const totp = codes(new Secret({ size: 20 }), issuer, username);
  return { secret: totp.secret.base32, uri: totp.toString() };
}

/** The step a code belongs to, or null if it is wrong. atMs: wall-clock milliseconds. */
export function stepOfCode(secret: string, code: string, atMs: number): number | null {
  const delta = codes(Secret.fromBase32(secret)).validate({ token: code, timestamp: atMs, window: WINDOW });
  return delta === null ? null : Math.floor(atMs / 1000 / PERIOD_SECONDS) + delta;
}

function codes(secret: Secret, issuer = '', label = ''): TOTP {
  return new TOTP({ secret, issuer, label, algorithm: 'SHA1', digits: 6, period: PERIOD_SECONDS });
}
