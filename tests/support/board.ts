import { readFileSync } from 'node:fs';
import { projectPath } from '../../src/platform/root.ts';

/** The Grafana board and the alert rules as files, read for tests. */

interface GridPos {
  x: number;
  y: number;
  w: number;
  h: number;
}

interface Source {
  type: string;
  uid: string;
}

export interface Panel {
  id: number;
  type: string;
  title: string;
  description?: string;
  datasource?: Source;
  gridPos: GridPos;
  targets?: { refId: string; expr: string; datasource: Source }[];
  fieldConfig?: { defaults: { unit?: string } };
}

interface Variable {
  name: string;
  type: string;
  query: string | { query: string };
}

interface Board {
  uid: string;
  title: string;
  schemaVersion: number;
  templating: { list: Variable[] };
  panels: Panel[];
}

const text = (...path: string[]): string => readFileSync(projectPath('dashboards', ...path), 'utf8');

export const readBoard = (): Board => JSON.parse(text('grafana', 'clinic.json')) as Board;
export const readAlerts = (): string => text('prometheus', 'alerts.yml');
export const readAlertTests = (): string => text('prometheus', 'alerts.test.yml');
export const readGuide = (): string => text('README.md');

export const alertNames = (rules: string): string[] =>
  [...rules.matchAll(/^\s+- alert: (\S+)$/gm)].map(([, name = '']) => name);

/** Every expression of the board, Grafana's variables filled in as Grafana would for one view. */
export function boardExpressions(board: Board): { title: string; expr: string }[] {
  return board.panels.flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => ({
      title,
      expr: expr.replaceAll('$specialty', '.*').replaceAll('$__rate_interval', '1m'),
    })),
  );
}

/** Names of our metrics in a text, a histogram's series taken for the histogram. */
export function metricsNamed(words: string): Set<string> {
  const names = [...words.matchAll(/\bclinic_[a-z_]+[a-z]\b/g)].map(([name]) => name);
  return new Set(names.map((name) => name.replace(/_(bucket|sum|count)$/, '')));
}
