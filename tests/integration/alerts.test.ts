import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { projectPath } from '../../src/platform/root.ts';
import { boardExpressions, readBoard } from '../support/board.ts';
import { promtool } from '../support/figures.ts';

/** Prometheus's own tool on the files an operator loads. */

const folder = mkdtempSync(join(tmpdir(), 'clinic-rules-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string): string => projectPath('dashboards', 'prometheus', name);

describe('promtool', () => {
  it('takes the rules and the example configuration', () => {
    expect(promtool(['check', 'rules', file('alerts.yml')])).toMatch(/SUCCESS: [0-9]+ rules found/);
    promtool(['check', 'config', file('prometheus.yml')]);
  });

  it('sees every alert fire and stay silent where it should', () => {
    expect(promtool(['test', 'rules', file('alerts.test.yml')])).toContain('SUCCESS');
  });

  it("reads every expression of the board's", () => {
    // JSON is YAML, and so is a file of rules.
    const rules = boardExpressions(readBoard()).map(({ expr }, index) => ({
      record: `board:r${index}`,
      expr,
    }));
    const path = join(folder, 'board.yml');
    writeFileSync(path, JSON.stringify({ groups: [{ name: 'board', rules }] }));
    expect(promtool(['check', 'rules', path])).toContain(`SUCCESS: ${rules.length} rules`);
  });
});
