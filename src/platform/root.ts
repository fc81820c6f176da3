import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fault } from './fault.ts';

/**
 * The folder that holds package.json. Files that are not TypeScript (SQL, Lua) stay where they are when the program is
 * built, so src/ and dist/ both look for them from here.
 */
function findRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw fault('root-missing', 'No package.json above the program');
    folder = parent;
  }
  return folder;
}

const root = findRoot();

/** Absolute path of a file given from the project's root, e.g. `projectPath('src/routing/commands')`. */
export function projectPath(...parts: string[]): string {
  return join(root, ...parts);
}
