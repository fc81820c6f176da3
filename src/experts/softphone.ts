import { createHash, randomBytes } from 'node:crypto';
import type { SipAccount } from '../asterisk/telephony.ts';

/** 24 letters of base64url: 144 bits, typed into a softphone once. */
const PASSWORD_BYTES = 18;

export function newPassword(): string {
  return randomBytes(PASSWORD_BYTES).toString('base64url');
}

/**
 * The account as the exchange gets it. MD5 is what SIP digest (RFC 2617) needs and every softphone speaks; a random
 * password of this length cannot be guessed from it, which is why nobody chooses one.
 */
export function sipAccount(username: string, realm: string, password: string): SipAccount {
  const ha1 = createHash('md5').update(`${username}:${realm}:${password}`).digest('hex');
  return { username, realm, ha1 };
}
