import { createHash, randomInt } from 'node:crypto';
import type { SipAccount } from '../asterisk/telephony.ts';

/**
 * A password is read out and typed once: no two of these letters look alike. 24 of 56 are 139 bits. Without a 0 none begins
 * with `0x`, which SIPp would read as a number.
 */
const LETTERS = '23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnpqrstuvwxyz';
const LENGTH = 24;

export function newPassword(): string {
  return Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}

/**
 * The account as the exchange gets it. MD5 is what SIP digest (RFC 2617) needs and every softphone speaks; a random
 * password of this length cannot be guessed from it, which is why nobody chooses one.
 */
export function sipAccount(username: string, realm: string, password: string): SipAccount {
  const ha1 = createHash('md5').update(`${username}:${realm}:${password}`).digest('hex');
  return { username, realm, ha1 };
}
