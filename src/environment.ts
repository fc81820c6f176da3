import { readFileSync } from 'node:fs';

/** The environment as a program is given it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The value of a variable, or of the file that `NAME_FILE` names: Docker's secrets and systemd's credentials are files,
 * and a password in the environment shows in `docker inspect`, in /proc and in what a fault reporter sends. One line end
 * behind the value is the editor's, not the secret's.
 * @param faults gets a line where the file cannot be read, or where both are given; never the value
 * @returns undefined where neither is set
 */
export function valueOrFile(environment: Environment, name: string, faults: string[]): string | undefined {
  const value = environment[name];
  const file = environment[`${name}_FILE`];
  if (file === undefined || file === '') return value;
  if (value !== undefined && value !== '') {
    faults.push(`${name} and ${name}_FILE are both set; one of them is meant`);
    return value;
  }
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    faults.push(`${name}_FILE cannot be read: ${error instanceof Error ? error.message : String(error)}`);
    return undefined;
  }
}
