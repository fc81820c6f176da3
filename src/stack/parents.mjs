/** Whether whoever runs us is still there. */
import { readFileSync } from 'node:fs';

const LOOK_EVERY_MS = 500;

/**
 * `npm run` ended by SIGTERM ends its shell and nothing else: the script goes on, an orphan nobody can see. So it looks
 * after its parents itself. A script started without npm has none to look after.
 * @param {() => void} onOrphaned
 * @returns {() => void} stops looking
 */
export function watchParents(onOrphaned) {
  if (process.env['npm_lifecycle_event'] === undefined) return () => undefined;
  const first = parents();
  const timer = setInterval(() => {
    if (parents() === first) return;
    clearInterval(timer);
    onOrphaned();
  }, LOOK_EVERY_MS).unref();
  return () => clearInterval(timer);
}

/** Ours and, where that is npm's shell, npm itself. */
function parents() {
  const { name, parent } = describe(process.ppid);
  return /^(ba|da)?sh$/.test(name) ? `${process.ppid} ${parent}` : String(process.ppid);
}

function describe(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [, parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')), parent };
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return { name: '', parent: '' };
    throw error;
  }
}
