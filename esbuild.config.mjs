/**
 * The program in one file. Loaded one by one, its own modules and the 360 of typebox are two thirds of all files a start
 * reads, and finding, opening and linking them took a third of its time on the processor. Packages that are CommonJS or
 * bring native code stay where they are.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** Made of very many small modules. */
const BUNDLED = new Set(['typebox', 'uuid']);

/** @param {string} outfile below the checkout: from there the program looks for sql/ and for its packages */
export async function bundle(outfile) {
  const { dependencies } = JSON.parse(readFileSync(here('package.json'), 'utf8'));
  await build({
    entryPoints: [here('src/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    sourcemap: true,
    external: Object.keys(dependencies).filter((name) => !BUNDLED.has(name)),
    logLevel: 'warning',
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle(here('dist/main.js'));
