/** `soak [--minutes N] [--faults[=a,b]] [--seed N] [--settle SECONDS]` */
export interface Options {
  minutes: number;
  /** Names of the faults that are drawn; none: the load alone. */
  faults: readonly string[];
  seed: number;
  /** Between the end of the last call and the look for what is left over. */
  settleSeconds: number;
}

const USAGE = 'Usage: npm run bench -- soak [--minutes N] [--faults[=a,b,…]] [--seed N] [--settle SECONDS]';
const DEFAULTS = { minutes: 30, settle: 60 };

/** @throws Error with the usage for what is none of these, @param known names of the faults there are */
export function readOptions(args: readonly string[], known: readonly string[], drawnSeed: number): Options {
  const given = new Map<string, string>();
  for (let i = 0; i < args.length; i += 1) {
    const [name = '', value] = (args[i] ?? '').split('=', 2);
    const next = args[i + 1];
    if (value === undefined && next !== undefined && !next.startsWith('--')) i += 1;
    given.set(name, value ?? (next?.startsWith('--') === true ? '' : (next ?? '')));
  }
  for (const name of given.keys())
    if (!['--minutes', '--faults', '--seed', '--settle'].includes(name)) throw new Error(`${name}? ${USAGE}`);
  const number = (name: string, fallback: number): number => {
    const text = given.get(name);
    const value = text === undefined ? fallback : Number(text === '' ? NaN : text);
    if (!Number.isFinite(value) || value < 0) throw new Error(`${name} ${text}? ${USAGE}`);
    return value;
  };
  return {
    minutes: number('--minutes', DEFAULTS.minutes),
    faults: faultsOf(given.get('--faults'), known),
    seed: number('--seed', drawnSeed),
    settleSeconds: number('--settle', DEFAULTS.settle),
  };
}

function faultsOf(text: string | undefined, known: readonly string[]): readonly string[] {
  if (text === undefined) return [];
  if (text === '') return known;
  const names = text.split(',');
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Error(`No such fault: ${unknown.join(', ')}. There are: ${known.join(', ')}`);
  return names;
}
