import { readFileSync } from 'node:fs';
import {
  DockerfileParser,
  type Instruction,
  type JSONInstruction,
  type ModifiableInstruction,
} from 'dockerfile-ast';
import { projectPath } from '../../src/platform/root.ts';

/** The Dockerfile, read into what its steps mean. */

export interface Step {
  keyword: 'WORKDIR' | 'COPY' | 'RUN' | 'USER' | 'CMD' | 'ENTRYPOINT';
  line: number;
  flags: Readonly<Record<string, string>>;
  /** The words as they stand; for RUN in its shell form one, the whole line. */
  words: readonly string[];
  /** Whether the words are a program and its arguments, and no shell's business. */
  exec: boolean;
}

export interface Stage {
  name: string;
  image: string;
  steps: readonly Step[];
}

const KNOWN = ['WORKDIR', 'COPY', 'RUN', 'USER', 'CMD', 'ENTRYPOINT'];
const IN_JSON = ['RUN', 'CMD', 'ENTRYPOINT'];

/** @throws Error naming an instruction that this file was never meant to have */
export function readDockerfile(text = readFileSync(projectPath('Dockerfile'), 'utf8')): Map<string, Stage> {
  const stages = new Map<string, Stage & { steps: Step[] }>();
  let current: (Stage & { steps: Step[] }) | undefined;
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    const keyword = instruction.getKeyword();
    const words = instruction.getArguments().map((argument) => argument.getValue());
    if (keyword === 'FROM') {
      const [image = '', as, name = ''] = words;
      if (as?.toUpperCase() !== 'AS') throw new Error(`The stage of ${image} has no name`);
      current = { name, image, steps: [] };
      stages.set(name, current);
    } else if (current === undefined || !KNOWN.includes(keyword)) {
      throw new Error(`${keyword} is not expected in line ${instruction.getRange().start.line + 1}`);
    } else {
      current.steps.push({
        keyword: keyword as Step['keyword'],
        line: instruction.getRange().start.line + 1,
        flags: flagsOf(instruction),
        ...wordsOf(instruction, keyword, words),
      });
    }
  }
  return stages;
}

function flagsOf(instruction: Instruction): Record<string, string> {
  const flags = (instruction as ModifiableInstruction).getFlags?.() ?? [];
  return Object.fromEntries(flags.map((flag) => [flag.getName(), flag.getValue() ?? '']));
}

function wordsOf(instruction: Instruction, keyword: string, words: string[]): Pick<Step, 'words' | 'exec'> {
  if (!IN_JSON.includes(keyword)) return { words, exec: false };
  const json = (instruction as JSONInstruction).getJSONStrings().map((one) => one.getJSONValue());
  if (json.length > 0) return { words: json, exec: true };
  return { words: [instruction.getArgumentsContent() ?? ''], exec: false };
}

/** What `.dockerignore` lets through, in its own order: the last line that fits decides. */
export function isInContext(
  path: string,
  text = readFileSync(projectPath('.dockerignore'), 'utf8'),
): boolean {
  let taken = true;
  for (const line of text.split('\n')) {
    const pattern = line.trim();
    if (pattern === '' || pattern.startsWith('#')) continue;
    const back = pattern.startsWith('!');
    const name = back ? pattern.slice(1) : pattern;
    if (name === '*' || path === name || path.startsWith(`${name}/`)) taken = back;
  }
  return taken;
}
