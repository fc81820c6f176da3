import { delimiter } from 'node:path';

/** Of the stacks that `npm test` has started, the one of this worker; nobody else uses it meanwhile. */
const stacks = (process.env['CLINIC_TEST_STACKS'] ?? '').split(delimiter);
const worker = Number(process.env['VITEST_POOL_ID'] ?? 1);
const mine = stacks[worker - 1];
if (mine === undefined) throw new Error(`No stack for worker ${worker} of ${stacks.length}: run npm test`);
process.env['CLINIC_TEST_STACK'] = mine;
