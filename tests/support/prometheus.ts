import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { projectPath } from '../../src/platform/root.ts';
import { freePort } from './ports.ts';
import { waitFor } from './wait.ts';

/** A real Prometheus on the example configuration, with this application as its target and readings every second. */

export interface Prometheus {
  /** Series an expression gives now. Fails with Prometheus's words where it cannot be read. */
  query(expr: string): Promise<{ metric: Record<string, string>; value: number }[]>;
  /** Every alert rule and how its last evaluation went. */
  rules(): Promise<{ name: string; health: string; lastError?: string }[]>;
  close(): Promise<void>;
}

export async function startPrometheus(clinicUrl: string): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'clinic-prometheus-'));
  const example = readFileSync(projectPath('dashboards', 'prometheus', 'prometheus.yml'), 'utf8');
  const config = example
    .replace(/127\.0\.0\.1:8137/, new URL(clinicUrl).host)
    .replace(/_interval: 15s/g, '_interval: 1s')
    .replace(/scrape_timeout: 10s/, 'scrape_timeout: 1s');
  writeFileSync(join(folder, 'prometheus.yml'), config);
  symlinkSync(projectPath('dashboards', 'prometheus', 'alerts.yml'), join(folder, 'alerts.yml'));
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'inherit'], cwd: folder },
  );
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const close = async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  const isReady = () =>
    fetch(`${url}/-/ready`).then(
      (answer) => answer.ok,
      () => child.exitCode !== null && Promise.reject(new Error('Prometheus ended while starting')),
    );
  await waitFor(isReady, 30_000, 50).catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    close,
    query: async (expr) => {
      const { result } = await ask<Vector>(`${url}/api/v1/query?query=${encodeURIComponent(expr)}`);
      return result.map(({ metric, value: [, value] }) => ({ metric, value: Number(value) }));
    },
    rules: async () => {
      const { groups } = await ask<{ groups: { rules: Awaited<ReturnType<Prometheus['rules']>> }[] }>(
        `${url}/api/v1/rules`,
      );
      return groups.flatMap((group) => group.rules);
    },
  };
}

interface Vector {
  result: { metric: Record<string, string>; value: [number, string] }[];
}

async function ask<T>(url: string): Promise<T> {
  const answer = (await (await fetch(url)).json()) as { status: string; error?: string; data: T };
  if (answer.status !== 'success') throw new Error(`Prometheus: ${answer.error}`);
  return answer.data;
}
