import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { chance, type Chance } from '../support/random.ts';
import { testStack } from '../support/stack.ts';
import { draw, FAULTS, strike, type Scene } from './soak/faults.ts';
import type { Absence, History } from './soak/history.ts';
import { counts, judge, type Finding } from './soak/judge.ts';
import { presence } from './soak/load-seen.ts';
import { readOptions, type Options } from './soak/options.ts';
import { orphans } from './soak/orphans.ts';
import { report } from './soak/report.ts';
import { buildStage, DIGITS, type Stage } from './soak/stage.ts';
import { crowd } from './soak/telephones.ts';
import { readExchange, readLedger, readSip, readText } from './soak/witness.ts';
import { percentiles } from './support/figures.ts';
import type { Sipp } from './support/load.ts';
import { pause } from './support/pause.ts';

/**
 * Full load and one fault after another; in the end witnesses who know nothing of the application say whether every citizen
 * was accounted for once, nobody overtaken, nobody joined to two, and nothing left over.
 */

/** Citizens in the clinic at any time: 44 experts ring and talk, the others hear the menu or wait. */
const PRESENT = 88;
/** Twice what the experts can serve: whoever leaves is replaced within a second. */
const PER_SECOND = 4;
/** Until the house is full. */
const FILLING_MS = 40_000;
/** Between two faults, beside what they last themselves: one begins every eight seconds or so. */
const BETWEEN_MS = [1_000, 5_000] as const;
/** After the last citizen's longest patience everybody must be gone. */
const EMPTY_WITHIN_MS = 240_000;

interface Run {
  struck: { name: string; from: number; to: number | null }[];
  /** Faults after which nobody had control again. */
  uncontrolled: string[];
}

/** args: see soak/options.ts */
export async function run(
  args: readonly string[],
  tell: (line: string) => void,
): Promise<Record<string, unknown>> {
  const options = readOptions(args, FAULTS, Date.now() % 1_000_000);
  tell(`Seed ${options.seed}; faults: ${options.faults.join(', ') || 'none'}`);
  const since = Date.now();
  const stage = await buildStage();
  try {
    const log = join(stage.folder, 'citizens.log');
    const most = Math.ceil((options.minutes + 2) * 60 * PER_SECOND);
    const people = { digits: DIGITS, present: PRESENT, perSecond: PER_SECOND, most };
    const citizens = crowd(people, chance(options.seed), log);
    await pause(FILLING_MS);
    const full = { from: Date.now(), to: 0 };
    const faults = await breakThings(stage.scene, options, tell);
    full.to = Date.now();
    await everybodyLeaves(citizens);
    await pause(options.settleSeconds * 1000);
    const left = await orphans(stage.scene.application.owner(), stage.scene.redis.url);
    const history = await collect(stage, log, since, faults);
    return conclude(stage.folder, options, { history, left, faults, full }, tell);
  } finally {
    await stage.close();
  }
}

export const passes = (result: Record<string, unknown>): boolean => {
  const must = ['unaccounted', 'doubleBindings', 'inversions', 'lost', 'doubled', 'orphans', 'uncontrolled'];
  return must.every((name) => result[name] === 0);
};

async function breakThings(scene: Scene, options: Options, tell: (line: string) => void): Promise<Run> {
  const { seed, minutes, faults } = options;
  const run: Run = { struck: [], uncontrolled: [] };
  const until = Date.now() + minutes * 60_000;
  if (faults.length === 0) await pause(minutes * 60_000);
  const fate = chance(seed + 1);
  while (faults.length > 0 && Date.now() < until) {
    await pause(fate.whole(...BETWEEN_MS));
    await one(scene, draw(fate, faults), fate, run, tell);
  }
  return run;
}

async function one(
  scene: Scene,
  name: string,
  fate: Chance,
  { struck, uncontrolled }: Run,
  tell: (line: string) => void,
): Promise<void> {
  const began = Date.now();
  const told = (what: string) => `${new Date(began).toISOString()} ${name}: ${what}`;
  const fail = (what: string) => {
    uncontrolled.push(told(what));
    tell(told(what));
  };
  try {
    const absence = await strike(name, scene, fate);
    struck.push({ name, from: absence?.from ?? began, to: absence?.to ?? null });
    tell(told(absence === null ? 'controlled' : `${absence.to - absence.from} ms`));
  } catch (error) {
    fail(String(error).split('\n')[0]!);
  }
  // Whatever has become of it, the next fault meets one process that has the calls.
  if (!(await scene.application.recover())) fail('nobody had the calls');
}

async function everybodyLeaves(citizens: Sipp): Promise<void> {
  citizens.finish();
  const late = setTimeout(() => void citizens.kill(), EMPTY_WITHIN_MS);
  await citizens.ended;
  clearTimeout(late);
}

async function collect(stage: Stage, log: string, since: number, { struck }: Run): Promise<History> {
  const absences: Absence[] = struck.flatMap(({ from, to }) => (to === null ? [] : [{ from, to }]));
  return {
    sip: readSip(readText(log)),
    ...(await readLedger(stage.scene.postgres.url, since)),
    exchange: readExchange(readText(join(testStack().asterisk.logDir, 'cel.csv')), since),
    absences,
  };
}

interface Ended {
  history: History;
  left: readonly string[];
  faults: Run;
  full: Absence;
}

function conclude(
  folder: string,
  { seed }: Options,
  { history, left, faults, full }: Ended,
  tell: (line: string) => void,
): Record<string, unknown> {
  const findings: Finding[] = judge(history);
  const text = report(findings, left, faults.uncontrolled);
  const file = join(folder, 'findings.txt');
  writeFileSync(file, text);
  for (const line of text.split('\n')) tell(line);
  const controlMs = faults.struck.flatMap(({ from, to }) => (to === null ? [] : [to - from]));
  return {
    calls: history.sip.filter(({ answeredAt }) => answeredAt !== null).length,
    faults: faults.struck.length,
    ...counts(findings),
    ...{ orphans: left.length, uncontrolled: faults.uncontrolled.length },
    controlMs: percentiles(controlMs),
    ...{ load: presence(history, full), seed, findings: file },
  };
}
