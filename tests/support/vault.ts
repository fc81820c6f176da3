import { createHash } from 'node:crypto';
import { keyringOf } from '../../src/recordings/sealing.ts';
import { createVault, type Vault } from '../../src/recordings/vault.ts';

/** A key of recordings made of a word, as the configuration takes it. */
export const soundKey = (word: string): string => createHash('sha256').update(word).digest('base64');

export const testKeys = keyringOf(soundKey('test'), '');

export const testVault = (folder: string): Vault => createVault({ folder, keys: testKeys });
