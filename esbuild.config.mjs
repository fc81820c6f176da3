/**
 * The program in few files: one that takes calls, and what it loads later. Loaded one by one, its own modules and the 360 of
 * typebox are two thirds of all files a start reads, and finding, opening and linking them took a third of its time on the
 * processor. Packages that are CommonJS or bring native code stay where they are.
 */
import { readFileSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
/** Made of very many small modules. */
const BUNDLED = new Set(['typebox', 'uuid']);

/**
 * @param {string} outfile below the checkout: from there the program looks for sql/ and for its packages. What is loaded later
 *   is put into `parts/` beside it.
 */
export async function bundle(outfile) {
  const folder = dirname(outfile);
  rmSync(join(folder, 'parts'), { recursive: true, force: true });
  const { dependencies } = JSON.parse(readFileSync(here('package.json'), 'utf8'));
  await build({
    entryPoints: [{ in: here('src/main.ts'), out: basename(outfile, '.js') }],
    outdir: folder,
    bundle: true,
    splitting: true,
    chunkNames: 'parts/[name]-[hash]',
    platform: 'node',
    format: 'esm',
    target: 'node20.19',
    sourcemap: true,
    external: Object.keys(dependencies).filter((name) => !BUNDLED.has(name)),
    logLevel: 'warning',
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle(here('dist/main.js'));
