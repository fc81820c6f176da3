import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { projectPath } from '../platform/root.ts';
import type { Api } from './api.ts';
import { isRaw, text } from './events.ts';
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
  const object = (kind: Kind | 'contact', id: string) => ({
    configClass: 'res_pjsip',
    objectType: kind,
    id,
  });
  const present = async (kind: Kind, username: string): Promise<Attribute[] | null> =>
    attributes(await orNull(call('asterisk.getObject', object(kind, username))));

  /** Takes an object away, an AOR together with whoever is registered: see `needed`. */
  async function clear(kind: Kind, username: string, held: readonly Attribute[]): Promise<void> {
    const contacts = held.filter(({ attribute, value }) => attribute === 'contact' && value !== '');
    for (const uri of contacts.flatMap(({ value }) => value.split(',')))
      await orNull(call('asterisk.deleteObject', object('contact', contactId(username, uri))));
    await orNull(call('asterisk.deleteObject', object(kind, username)));
  }

  /**
   * auth and AOR are written only where they differ, and then afresh. Asterisk (22.10) writes an AOR with all its
   * contacts: one that is written while a telephone is registered keeps that address for ever, beside every later
   * registration. And what an auth lists is appended to at every writing.
   */
  async function needed(kind: Kind, username: string, fields: readonly Attribute[]): Promise<boolean> {
    if (kind === 'endpoint') return true;
    const held = await present(kind, username);
    if (held !== null && isSame(held, fields)) return false;
    // With another password whoever registered by the old one is no longer rung.
    if (kind === 'auth') await clear('aor', username, (await present('aor', username)) ?? []);
    await clear(kind, username, held ?? []);
    return true;
  }

  return {
    put: async (account) => {
      checkAccount(account);
      for (const kind of KINDS) {
        const fields = fillIn(templates[kind], account);
        if (await needed(kind, account.username, fields))
          await call('asterisk.updateObject', { ...object(kind, account.username), fields });
      }
    },
    remove: async (username) => {
      checkUsername(username);
      for (const kind of KINDS.toReversed())
        await clear(kind, username, (await present(kind, username)) ?? []);
    },
  };
}

interface Attribute {
  attribute: string;
  value: string;
}

function attributes(answer: unknown): Attribute[] | null {
  if (!Array.isArray(answer)) return null;
  return answer
    .filter(isRaw)
    .map(({ attribute, value }) => ({ attribute: text(attribute), value: text(value) }));
}

/** As the registrar names it. */
const contactId = (username: string, uri: string): string =>
  `${username};@${createHash('md5').update(uri).digest('hex')}`;

function isSame(held: readonly Attribute[], wanted: readonly Attribute[]): boolean {
  const values = new Map(held.map(({ attribute, value }) => [attribute, plain(value)]));
  return wanted.every(({ attribute, value }) => values.get(attribute) === plain(value));
}

/** Asterisk tells `yes` as `true` and 2.0 as 2.000000. */
function plain(value: string): string {
  if (value === 'yes') return 'true';
  if (value === 'no') return 'false';
  return /^[0-9]+\.[0-9]+$/.test(value) ? String(Number(value)) : value;
}

function fillIn(template: Fields, { username, realm, ha1 }: SipAccount): Attribute[] {
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
