import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { diagram } from '../../src/calls/machine.ts';
import { diagram as caseDiagram } from '../../src/cases/rules.ts';
import { configTable } from '../../src/config.ts';

/**
 * What the README shows of the program is made from the program; when it differs, the failing test prints what to paste.
 */
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

function section(name: string): string {
  const found = new RegExp(`<!-- ${name}:start -->\\n([\\s\\S]*?)<!-- ${name}:end -->`).exec(readme);
  if (found?.[1] === undefined) throw new Error(`README.md has no section ${name}`);
  return found[1].trim();
}

/** Tables are compared by their words: the formatter may pad the columns. */
const cells = (table: string): string[][] =>
  table
    .split('\n')
    .filter((line) => !/^[|\s:-]+$/.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()));

describe('README', () => {
  it('draws the call as the table has it', () => {
    expect(section('diagram')).toBe(`\`\`\`mermaid\n${diagram()}\n\`\`\``);
  });

  it('draws the case as its table has it', () => {
    expect(section('cases')).toBe(`\`\`\`mermaid\n${caseDiagram()}\n\`\`\``);
  });

  it('lists every variable of the configuration', () => {
    expect(cells(section('config'))).toEqual(cells(configTable()));
  });
});
