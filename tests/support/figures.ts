import { execFileSync } from 'node:child_process';

/** `/metrics` as Prometheus reads it. */

export interface Family {
  name: string;
  help: string;
  type: string;
}

export interface Figures {
  text: string;
  families: Family[];
  /** The value of the one series of this name with these labels among others; fails where there is none or several. */
  value(name: string, labels?: Readonly<Record<string, string>>): number;
  /** The sum over all series of this name with these labels. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
}

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export async function figuresOf(url: string): Promise<Figures> {
  const answer = await fetch(`${url}/metrics`);
  if (!answer.ok) throw new Error(`/metrics answered ${answer.status}`);
  const text = await answer.text();
  const samples = text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map(readSample);
  const fitting = (name: string, labels: Readonly<Record<string, string>>) =>
    samples.filter(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    );
  return {
    text,
    families: readFamilies(text),
    value: (name, labels = {}) => {
      const found = fitting(name, labels);
      if (found.length !== 1)
        throw new Error(`${name}${JSON.stringify(labels)} stands there ${found.length} times`);
      return found[0]!.value;
    },
    sum: (name, labels = {}) => fitting(name, labels).reduce((sum, { value }) => sum + value, 0),
  };
}

function readSample(line: string): Sample {
  const [, name = '', labels = '', value = ''] =
    /^([a-zA-Z_:]+[a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  const pairs = [...labels.matchAll(/([a-zA-Z_]+)="([^"]*)"/g)].map(([, key = '', text = '']) => [key, text]);
  return { name, labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) };
}

function readFamilies(text: string): Family[] {
  const help = new Map([...text.matchAll(/^# HELP (\S+) (.*)$/gm)].map(([, name, words]) => [name, words]));
  return [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => ({
    name,
    type,
    help: help.get(name) ?? '',
  }));
}

/** What promtool says; fails with its complaint. input: its standard input. */
export function promtool(args: readonly string[], input = ''): string {
  try {
    return execFileSync('promtool', [...args], { input, encoding: 'utf8', stdio: 'pipe' });
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`promtool ${args.join(' ')}: ${stdout}${stderr}`, { cause: error });
  }
}
