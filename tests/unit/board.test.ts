import { describe, expect, it } from 'vitest';
import { alertNames, readAlerts, readAlertTests, readBoard, type Panel } from '../support/board.ts';

/** The shape of the Grafana board, and of the alerts: what promtool does not look at. */

const board = readBoard();
const panels = board.panels.filter(({ type }) => type !== 'row');

const overlap = (a: Panel['gridPos'], b: Panel['gridPos']): boolean =>
  a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;

describe('the board', () => {
  it('gives every panel an id of its own', () => {
    const ids = board.panels.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('lets no panel lie on another or beyond the 24 columns', () => {
    const found = board.panels.flatMap((one, index) =>
      board.panels
        .slice(index + 1)
        .filter((other) => overlap(one.gridPos, other.gridPos))
        .map((other) => `${one.title} on ${other.title}`),
    );
    expect(found).toEqual([]);
    expect(board.panels.filter(({ gridPos: { x, w } }) => x < 0 || x + w > 24)).toEqual([]);
  });

  it('asks the data source the reader has chosen, everywhere', () => {
    const source = { type: 'prometheus', uid: '${datasource}' };
    const [first] = board.templating.list;
    expect(first).toMatchObject({ name: 'datasource', type: 'datasource', query: 'prometheus' });
    for (const { title, datasource, targets = [] } of panels) {
      expect({ title, datasource }).toEqual({ title, datasource: source });
      for (const target of targets) expect(target.datasource).toEqual(source);
    }
  });

  it('uses no variable it does not have', () => {
    const known = new Set([...board.templating.list.map(({ name }) => name), '__rate_interval', '__all']);
    const used = JSON.stringify(board).matchAll(/\$\{?([a-zA-Z_]+)/g);
    expect([...used].map(([, name = '']) => name).filter((name) => !known.has(name))).toEqual([]);
  });

  it('titles every panel in Persian, describes it in English, and says the unit', () => {
    for (const { title, description = '', targets = [], fieldConfig } of panels) {
      expect(title).toMatch(/\p{Script=Arabic}/u);
      expect(description).toMatch(/[a-z]{3}.*\.$/);
      expect(fieldConfig?.defaults.unit).toMatch(/^[a-zA-Z_]+$/);
      expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length);
      expect(targets.length).toBeGreaterThan(0);
    }
  });
});

describe('the alerts', () => {
  const rules = readAlerts();
  const tests = readAlertTests();

  it.each(alertNames(rules))('%s is tried both ways, and says what to do', (name) => {
    expect(tests).toContain(`name: ${name} fires\n`);
    expect(tests).toContain(`name: ${name} silent\n`);
    const rule = rules.slice(rules.indexOf(`- alert: ${name}\n`)).split('- alert: ')[1] ?? '';
    expect(rule).toMatch(/severity: (page|ticket)\n/);
    expect(rule).toMatch(/summary: .*\p{Script=Arabic}/u);
    expect(rule).toMatch(/description: \S/);
    expect(rule).toMatch(/runbook: \S|runbook: >-/);
  });
});
