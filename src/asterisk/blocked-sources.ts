import { isIP } from 'node:net';
import type { Api } from './api.ts';
import { AsteriskFault, orNull } from './faults.ts';

/** One object holds every blocked address, so that nothing is ever left of an earlier list. */
const OBJECT = { configClass: 'res_pjsip', objectType: 'acl', id: 'blocked' };

/**
 * Makes Asterisk refuse (403) every request of these addresses and of no others, before any other part of it looks at the
 * request. Calls of everyone else are not touched, and nothing is reloaded.
 *
 * Asterisk 22.10 cannot write an acl object out as JSON, and ARI does so after creating and before changing one: a
 * creation that worked is answered 500 "Allocation failed", a change never works. So the object is replaced (nobody is
 * blocked for the millisecond between), and asked for afterwards: 404 means it is not there.
 */
export function createBlockedSources(call: Api['call']): (addresses: readonly string[]) => Promise<void> {
  return async (addresses) => {
    for (const address of addresses) check(address);
    await orNull(call('asterisk.deleteObject', OBJECT));
    if (addresses.length === 0) return;
    const fields = addresses.map((value) => ({ attribute: 'deny', value }));
    await unlessUnwritable(call('asterisk.updateObject', { ...OBJECT, fields }));
    await unlessUnwritable(call('asterisk.getObject', OBJECT));
  };
}

/** A value that Asterisk cannot read makes a rule of it that refuses everybody. */
function check(address: string): void {
  if (isIP(address) === 0 || address.includes('%'))
    throw new AsteriskFault('value-refused', 'a blocked source is named by its IP address');
}

async function unlessUnwritable(request: Promise<unknown>): Promise<void> {
  try {
    await request;
  } catch (error) {
    if (!(error instanceof AsteriskFault && error.status === 500 && error.reason === 'Allocation failed'))
      throw error;
  }
}
