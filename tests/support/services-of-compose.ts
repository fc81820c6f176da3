import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRoot } from '../../src/stack/commands.mjs';
import { projectPath } from '../../src/platform/root.ts';
import type { Compose } from './compose.ts';
import { runContainer, runToEnd, type Container, type ContainerOptions, type Mount } from './container.ts';
import type { Image } from './image.ts';

/** The services of docker-compose.yml without Docker: each as its own lines say, on images of the Dockerfile's own steps. */

export interface ServicesOptions {
  compose: Compose;
  /** What stands in `.env`. */
  settings: Readonly<Record<string, string>>;
  /** Scratch folder, open to every account. */
  folder: string;
  /** By the stage's name. Images that are not ours (PostgreSQL, Redis) are this machine's programs. */
  images: Readonly<Record<string, Image>>;
  node: readonly Mount[];
  /** Paths of the checkout that stand elsewhere here. */
  instead: Readonly<Record<string, string>>;
}

export interface Services {
  start(name: string, change?: Partial<ContainerOptions>): Container;
  run(name: string, change?: Partial<ContainerOptions>): Promise<string>;
  /** Runs a program within a running service, with its rights. */
  exec(name: string, argv: readonly string[]): string;
  /** Runs the service's own health check. @throws where it fails */
  check(name: string): void;
  pid(name: string): number;
  /** What a started service has said so far. */
  lines(name: string): readonly string[];
  volume(name: string): string;
  /** As `docker stop`. @returns the exit code */
  stop(name: string): Promise<number | null>;
  stopAll(): Promise<void>;
}

/** Whose the data folders of the images that are not ours are. */
const FOREIGN = '999:999';

export function createServices(options: ServicesOptions): Services {
  const { compose, settings, folder, images, node, instead } = options;
  const running = new Map<string, Container>();
  const at = (name: string) => join(folder, 'services', name);

  const service = (name: string) => {
    const found = compose.services[name];
    if (found === undefined) throw new Error(`There is no service ${name}`);
    return found;
  };
  const environmentOf = (name: string) => {
    const { env_file: files = [], environment = {} } = service(name);
    return { ...(files.includes('.env') ? settings : {}), ...environment };
  };
  const imageOf = (name: string): Image | undefined => images[service(name).build?.target ?? ''];

  function containerOf(name: string): ContainerOptions {
    const { user, command, tmpfs = [], read_only: readOnly = false } = service(name);
    const image = imageOf(name);
    const empty = join(at(name), 'srv');
    mkdirSync(empty, { recursive: true });
    return {
      ...{
        folder: at(name),
        base: image?.base ?? 'machine',
        srv: image?.srv ?? empty,
        user,
        tmpfs,
        readOnly,
      },
      mounts: [...mountsOf(name), ...(image?.base === 'machine' ? node : [])],
      cwd: image?.cwd ?? '/',
      env: environmentOf(name),
      argv: [...(image?.entrypoint ?? []), ...(command ?? image?.command ?? [])],
    };
  }

  function mountsOf(name: string): Mount[] {
    const { volumes = [], secrets = [] } = service(name);
    const files = secrets.map((secret): Mount => {
      const file = compose.secrets[secret]?.file ?? '';
      return { source: elsewhere(file), target: `/run/secrets/${secret}`, readOnly: true };
    });
    const kept = volumes.map((line): Mount => {
      const [source = '', target = '', mode] = line.split(':');
      const path = source.startsWith('.') ? elsewhere(source) : volume(source, target, imageOf(name));
      return { source: path, target, readOnly: mode === 'ro' };
    });
    return [...files, ...kept];
  }

  function elsewhere(path: string): string {
    const moved = Object.entries(instead).find(([from]) => path === from || path.startsWith(`${from}/`));
    return moved === undefined ? projectPath(path) : moved[1] + path.slice(moved[0].length);
  }

  /** Made at its first use, as Docker makes it: with what the image has there, and its owner. */
  function volume(name: string, target: string, image: Image | undefined): string {
    const path = join(folder, 'volumes', name);
    if (existsSync(path)) return path;
    mkdirSync(path, { recursive: true });
    const given = image === undefined ? null : join(image.srv, target.slice('/srv'.length));
    const memory = compose.volumes[name]?.driver_opts?.['o'];
    if (memory !== undefined) {
      const set = Object.fromEntries(memory.split(',').map((pair) => pair.split('=') as [string, string]));
      asRoot('chown', `${set['uid']}:${set['gid']}`, path);
      asRoot('chmod', set['mode'] ?? '', path);
    } else if (given === null) asRoot('chown', FOREIGN, path);
    else {
      asRoot('cp', '-a', `${given}/.`, path);
      asRoot('chown', `--reference=${given}`, path);
      asRoot('chmod', `--reference=${given}`, path);
    }
    return path;
  }

  const pid = (name: string) => Number(readFileSync(join(at(name), 'pid'), 'utf8'));

  function exec(name: string, argv: readonly string[]): string {
    const [uid = '', gid = ''] = service(name).user.split(':');
    const set = Object.entries(environmentOf(name)).map(([key, value]) => `${key}=${value}`);
    return asRoot(
      ...['nsenter', `--target=${pid(name)}`, '--mount', '--root', `--wd=/proc/${pid(name)}/cwd`, '--'],
      ...['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--bounding-set=-all'],
      ...['env', '-i', 'PATH=/opt/node:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', ...set, ...argv],
    );
  }

  return {
    start(name, change = {}) {
      const container = runContainer({ ...containerOf(name), ...change });
      running.set(name, container);
      return container;
    },
    run: (name, change = {}) => runToEnd({ ...containerOf(name), ...change, folder: join(at(name), 'once') }),
    exec,
    check(name) {
      const [kind, ...words] = service(name).healthcheck?.test ?? [];
      exec(name, kind === 'CMD-SHELL' ? ['sh', '-c', ...words] : words);
    },
    pid,
    lines: (name) => running.get(name)?.lines ?? [],
    volume: (name) => join(folder, 'volumes', name),
    stop: async (name) => (await running.get(name)?.stop()) ?? null,
    stopAll: async () => {
      for (const container of [...running.values()].reverse()) await container.stop();
    },
  };
}

export function asRoot(...argv: string[]): string {
  const [program = '', ...args] = isRoot ? argv : ['sudo', '-n', '--', ...argv];
  return execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
