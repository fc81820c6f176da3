import { isIP } from 'node:net';
import { text, type Raw } from './events.ts';

/**
 * What the sender of one SIP request has shown: `right` and `wrong` an answer to our challenge, `none` a request without
 * any, which was challenged.
 */
export interface Sender {
  password: 'right' | 'wrong' | 'none';
  /** As Asterisk saw it: behind NAT that of the whole office. */
  address: string;
}

/**
 * Asterisk tells of an unknown account just as of a known one; it names the account as well, which is not read here. Every
 * request is told once by one of these three (`InvalidAccountID` comes beside them, and not always).
 */
const PASSWORD: Readonly<Record<string, Sender['password']>> = {
  SuccessfulAuth: 'right',
  ChallengeResponseFailed: 'wrong',
  ChallengeSent: 'none',
};

/** A security event of the manager interface about a SIP request; null for anything else. */
export function readSender(event: Raw): Sender | null {
  const name = text(event.event);
  const password = Object.hasOwn(PASSWORD, name) ? PASSWORD[name] : undefined;
  // AMI and ARI tell of their own sign-ins by the same events.
  if (password === undefined || event.service !== 'PJSIP') return null;
  // IPV4/UDP/192.0.2.1/5060
  const address = text(event.remoteaddress).split('/')[2] ?? '';
  return isIP(address) === 0 ? null : { password, address };
}
