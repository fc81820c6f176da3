import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { testStack } from '../../support/stack.ts';
import { manage } from '../support/control.ts';

/**
 * The other sides, put beside ours into the same Asterisk: app_queue with two queues, and an entry for the bare program. It is
 * written into the stack's own rendered configuration, which the next start of the stack renders anew.
 */

/** What a citizen of each side dials, behind the trunk. */
export const NUMBERS = {
  ours: '1378',
  appQueueDefault: '13781',
  appQueueBest: '13782',
  bareAri: '13783',
} as const;
export type Side = keyof typeof NUMBERS;

/**
 * ringall, app_queue's own default, rings all twenty telephones for every caller, which no city wants; leastrecent is what we do
 * as well. All else is as app_queue has it by itself.
 */
const DEFAULT = { general: {}, queue: { strategy: 'leastrecent' } };
/** As quick as it can be configured: callers side by side, a second between attempts, the longest waiting first over all queues. */
const BEST = {
  general: { force_longest_waiting_caller: 'yes' },
  queue: { strategy: 'leastrecent', autofill: 'yes', retry: '1', timeout: '15', ringinuse: 'no' },
};

const EXTENSIONS = `
[trunk-137](+)
exten => ${NUMBERS.appQueueDefault},1,Answer()
 same => n,Queue(bench)
 same => n,Hangup()
exten => ${NUMBERS.appQueueBest},1,Goto(${NUMBERS.appQueueDefault},1)
exten => ${NUMBERS.bareAri},1,Answer()
 same => n,Stasis(bare,citizen)
 same => n,Hangup()
`;

/** @param experts PJSIP endpoints, e.g. `e001` */
export async function installOtherSides(experts: readonly string[]): Promise<void> {
  appendFileSync(join(testStack().asterisk.etcDir, 'extensions.conf'), EXTENSIONS);
  await manage('PUT', '/asterisk/modules/pbx_config.so');
  writeQueues(DEFAULT, experts);
  // 409: it is loaded already, by a run before this on the same stack.
  await manage('POST', '/asterisk/modules/app_queue.so', [409]);
}

/** @param over settings of the queue that a benchmark needs otherwise */
export async function configureAppQueue(
  side: 'appQueueDefault' | 'appQueueBest',
  experts: readonly string[],
  over: Settings = {},
): Promise<void> {
  const { general, queue } = side === 'appQueueBest' ? BEST : DEFAULT;
  writeQueues({ general, queue: { ...queue, ...over } }, experts);
  await manage('PUT', '/asterisk/modules/app_queue.so');
}

type Settings = Record<string, string>;

function writeQueues(
  { general, queue }: { general: Settings; queue: Settings },
  experts: readonly string[],
): void {
  const section = (name: string, settings: Settings) => [
    `[${name}]`,
    ...Object.entries(settings).map(([key, value]) => `${key} = ${value}`),
  ];
  const text = [
    ...section('general', general),
    ...section('bench', { musicclass: 'clinic', ...queue }),
    ...experts.map((expert) => `member => PJSIP/${expert}`),
    '',
  ].join('\n');
  const { etcDir } = testStack().asterisk;
  // Readable for the account of no one under which Asterisk runs; nothing secret stands in it.
  writeFileSync(join(etcDir, 'queues.conf'), text, { mode: 0o644 });
}
