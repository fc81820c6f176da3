import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, realpathSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, isAbsolute, join } from 'node:path';
import { projectPath } from '../../src/platform/root.ts';
import { debianRoot, runToEnd, type Mount } from './container.ts';
import { isInContext, readDockerfile, type Step } from './dockerfile.ts';

/** Images without Docker: the Dockerfile's own steps carried out, each stage's /srv in a folder of its own. */

export interface Image {
  /** Its /srv. */
  srv: string;
  base: 'machine' | 'debian';
  cwd: string;
  user: string | null;
  entrypoint: readonly string[];
  command: readonly string[];
}

export interface Builder {
  /** Carries a stage's steps out, and first those of the stages it takes from. */
  build(name: string): Promise<Image>;
  /** What a container of ours needs besides its image: Node 24 and, for steps, npm. */
  tools: readonly Mount[];
}

/** The folder must be reachable by every account. */
export function createBuilder(folder: string): Builder {
  const stages = readDockerfile();
  const built = new Map<string, Promise<Image>>();
  const tools = nodeTools(folder);

  async function make(name: string): Promise<Image> {
    const stage = stages.get(name);
    if (stage === undefined) throw new Error(`The Dockerfile has no stage ${name}`);
    const srv = join(folder, 'images', name, 'srv');
    mkdirSync(srv, { recursive: true, mode: 0o755 });
    const base = stage.image.startsWith('debian:') && debianRoot() !== null ? 'debian' : 'machine';
    const image: Image = { srv, base, cwd: '/', user: null, entrypoint: [], command: [] };
    for (const [index, step] of stage.steps.entries()) await carryOut(image, step, `${name}-${index}`);
    return image;
  }

  async function carryOut(image: Image, step: Step, name: string): Promise<void> {
    const { keyword, words, exec } = step;
    const argv = exec ? words : ['sh', '-c', words[0] ?? ''];
    if (keyword === 'WORKDIR') {
      image.cwd = words[0] ?? '/';
      mkdirSync(inside(image, image.cwd), { recursive: true });
    } else if (keyword === 'USER') image.user = words[0] ?? null;
    else if (keyword === 'CMD') image.command = argv;
    else if (keyword === 'ENTRYPOINT') image.entrypoint = argv;
    else if (keyword === 'COPY') await copy(image, step);
    else {
      await runToEnd({
        ...{ folder: join(folder, 'steps', name), base: image.base, srv: image.srv, mounts: tools },
        ...{ user: image.user, cwd: image.cwd, argv, env: STEP_ENV, tmpfs: ['/tmp:mode=1777'] },
      });
    }
  }

  async function copy(image: Image, { words, flags, line }: Step): Promise<void> {
    const sources = words.slice(0, -1);
    const target = words.at(-1) ?? '';
    const to = isAbsolute(target) ? target : join(image.cwd, target);
    // Node itself, into an image that has none: the machine brings it.
    if (!to.startsWith('/srv')) return;
    const from = flags['from'];
    const other = from === undefined ? null : await build(from);
    for (const source of sources) {
      if (other === null && !isInContext(source))
        throw new Error(`Line ${line}: .dockerignore keeps ${source} out`);
      const path = other === null ? projectPath(source) : inside(other, source);
      const into = target.endsWith('/') || sources.length > 1;
      const place = statSync(path).isDirectory() || !into ? to : join(to, basename(source));
      mkdirSync(dirname(inside(image, place)), { recursive: true });
      cpSync(path, inside(image, place), {
        ...{ recursive: true, verbatimSymlinks: true, preserveTimestamps: true },
        filter: (one) => other !== null || isInContext(one.slice(projectPath('').length + 1)),
      });
    }
  }

  function build(name: string): Promise<Image> {
    const known = built.get(name) ?? make(name);
    built.set(name, known);
    return known;
  }
  return { build, tools };
}

function inside(image: Image, path: string): string {
  if (!path.startsWith('/srv')) throw new Error(`${path} is not below /srv`);
  return join(image.srv, path.slice('/srv'.length));
}

/** How this machine gets out, where that takes more than a line. */
const WAY_OUT = /^(NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|(https?|no)_proxy)$/i;
const STEP_ENV: Record<string, string> = {
  ...Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value]) =>
      WAY_OUT.test(name) && value !== undefined ? [[name, value]] : [],
    ),
  ),
  ...{ HOME: '/tmp', npm_config_cache: '/opt/npm-cache', npm_config_prefer_offline: 'true' },
  ...{ npm_config_userconfig: '/opt/npmrc', npm_config_update_notifier: 'false' },
};

/** Node 24 from npm, where it can be reached by every account; npm and its cache as this machine has them. */
function nodeTools(folder: string): Mount[] {
  const found = execFileSync('npx', ['--yes', '-p', 'node@24', 'sh', '-c', 'command -v node'], {
    encoding: 'utf8',
  });
  const bin = join(folder, 'node');
  mkdirSync(bin, { recursive: true });
  cpSync(realpathSync(found.trim()), join(bin, 'node'));
  const npm = dirname(
    dirname(realpathSync(execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim())),
  );
  execFileSync('ln', ['-sf', '/opt/npm/bin/npm-cli.js', join(bin, 'npm')]);
  const config = (name: string) => execFileSync('npm', ['config', 'get', name], { encoding: 'utf8' }).trim();
  const rc = config('userconfig');
  const mount = (source: string, target: string, readOnly = true): Mount => ({ source, target, readOnly });
  return [
    mount(bin, '/opt/node'),
    mount(npm, '/opt/npm'),
    mount(config('cache'), '/opt/npm-cache', false),
    ...(existsSync(rc) ? [mount(rc, '/opt/npmrc')] : []),
  ];
}

/** What the steps made belongs to other accounts. */
export function removeAll(folder: string): void {
  if (process.getuid?.() === 0) rmSync(folder, { recursive: true, force: true });
  else execFileSync('sudo', ['-n', '--', 'rm', '-rf', '--one-file-system', folder]);
}
