import { existsSync } from 'node:fs';
import { projectPath } from '../../../src/platform/root.ts';

const compiled = projectPath('dist', 'main.js');

/** What Node is given to start the application: the compiled program where there is one, else (undefined) the sources. */
export const program: readonly string[] | undefined = existsSync(compiled) ? [compiled] : undefined;

/** For `startClinic`. */
export const compiledProgram = program === undefined ? {} : { program };
