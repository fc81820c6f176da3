import { readFileSync } from 'node:fs';
import { projectPath } from '../platform/root.ts';
import type { Api } from './api.ts';
import { AsteriskFault, orNull } from './faults.ts';
import type { SipAccount } from './telephony.ts';

/** What an object of an expert's telephone is made of, as dialplan/softphone.json says. */
type Fields = Readonly<Record<string, string>>;
type Kind = 'auth' | 'aor' | 'endpoint';

/** The endpoint names the other two, so it comes last and goes first. */
const KINDS: readonly Kind[] = ['auth', 'aor', 'endpoint'];

/** Experts' telephones in Asterisk, pushed without a reload and still there after its restart. */
export interface Softphones {
  /** @throws AsteriskFault */
  put: (account: SipAccount) => Promise<void>;
  /** Removing one that is not there is no fault. @throws AsteriskFault */
  remove: (username: string) => Promise<void>;
}

export function createSoftphones(call: Api['call']): Softphones {
  const templates = JSON.parse(readFileSync(projectPath('dialplan', 'softphone.json'), 'utf8')) as Record<
    Kind,
    Fields
  >;
  const object = (kind: Kind, id: string) => ({ configClass: 'res_pjsip', objectType: kind, id });

  return {
    put: async (account) => {
      checkAccount(account);
      for (const kind of KINDS) {
        const fields = fillIn(templates[kind], account);
        await call('asterisk.updateObject', { ...object(kind, account.username), fields });
      }
    },
    remove: async (username) => {
      checkUsername(username);
      for (const kind of KINDS.toReversed())
        await orNull(call('asterisk.deleteObject', object(kind, username)));
    },
  };
}

function fillIn(
  template: Fields,
  { username, realm, ha1 }: SipAccount,
): { attribute: string; value: string }[] {
  const values: Fields = { username, realm, ha1 };
  return Object.entries(template).map(([attribute, value]) => ({
    attribute,
    value: value.replace(/\{(username|realm|ha1)\}/g, (_all, name: string) => values[name] ?? ''),
  }));
}

function checkUsername(username: string): void {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/.test(username))
    throw new AsteriskFault('value-refused', 'a softphone is named by letters and digits');
}

function checkAccount({ username, realm, ha1 }: SipAccount): void {
  checkUsername(username);
  if (!/^[A-Za-z0-9._-]{1,100}$/.test(realm))
    throw new AsteriskFault('value-refused', 'the realm is no plain name');
  if (!/^[0-9a-f]{32}$/.test(ha1)) throw new AsteriskFault('value-refused', 'ha1 is no MD5 in hexadecimal');
}
