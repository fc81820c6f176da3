/**
 * A lock on a file, by the kernel's flock: it is free again the moment its holder is gone, however that came.
 *
 * flock(1) locks the open file we hand it; the lock lives as long as we, or a program we start meanwhile, keep it open.
 */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';

const FLOCK_FD = '3';

/**
 * @template T
 * @param {string} path
 * @param {(fd: number) => Promise<T>} work fd: to be kept open by a program that must hold the lock even if we are killed
 * @param {{ onWait?: () => void }} [options] onWait: somebody else holds it, we wait
 * @returns {Promise<T>}
 */
export async function withLock(path, work, { onWait = () => undefined } = {}) {
  const fd = open(path);
  try {
    if (flockNow(fd, '-n') !== 0) {
      onWait();
      await flockLater(fd);
    }
    return await work(fd);
  } finally {
    closeSync(fd);
  }
}

/**
 * The lock for as long as this process lives, or nothing.
 * @param {string} path
 * @returns {boolean} false where somebody else holds it
 */
export function holdLock(path) {
  const fd = open(path);
  if (flockNow(fd, '-n') === 0) return true;
  closeSync(fd);
  return false;
}

/**
 * For work of milliseconds, such as replacing a file after having read it.
 * @template T
 * @param {string} path
 * @param {() => T} work
 * @returns {T}
 */
export function withLockSync(path, work) {
  const fd = open(path);
  try {
    flockNow(fd);
    return work();
  } finally {
    closeSync(fd);
  }
}

function open(path) {
  mkdirSync(dirname(path), { recursive: true });
  return openSync(path, 'a', 0o600);
}

function flockNow(fd, ...options) {
  const { status, error } = spawnSync('flock', ['-x', ...options, FLOCK_FD], {
    stdio: ['ignore', 'ignore', 'ignore', fd],
  });
  if (error !== undefined) throw error;
  return status;
}

function flockLater(fd) {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['-x', FLOCK_FD], { stdio: ['ignore', 'ignore', 'ignore', fd] });
    child.on('error', reject);
    child.on('exit', resolve);
  });
}
