import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { testStack } from '../../support/stack.ts';

/** Beside ours a dialplan that does as much: a menu with one digit, the queue, a goodbye. */

export const MENU_NUMBER = '13784';

const EXTENSION = `
[trunk-137](+)
exten => ${MENU_NUMBER},1,Answer()
 same => n,Read(DIGIT,m137/greeting&m137/menu,1,,1,5)
 same => n,Queue(bench,c)
 same => n,Playback(m137/goodbye)
 same => n,Hangup()
`;

/** Read by Asterisk with the next reload of its dialplan. */
export function writeMenu(): void {
  appendFileSync(join(testStack().asterisk.etcDir, 'extensions.conf'), EXTENSION);
}
