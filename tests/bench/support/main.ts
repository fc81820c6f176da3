import { writeFileSync } from 'node:fs';

/** Runs one benchmark against the stack CLINIC_TEST_STACK names. Arguments: its name, a file for the result, its own arguments. */

export interface Bench {
  /**
   * tell: prints a line for the person who watches.
   * @returns the figures, the command's last line as JSON
   */
  run: (args: readonly string[], tell: (line: string) => void) => Promise<Record<string, unknown>>;
  /** Whether figures are as they must be; the process exits with 1 when they are not. Default: any are. */
  passes?: (result: Record<string, unknown>) => boolean;
}

const [name = '', resultFile = '', ...args] = process.argv.slice(2);
const { run, passes = () => true } = (await import(`../${name}.ts`)) as Bench;
const result = await run(args, (line) => process.stdout.write(`${line}\n`));
writeFileSync(resultFile, JSON.stringify(result));
if (!passes(result)) process.exitCode = 1;
