import { mkdirSync, realpathSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

/**
 * Makes a directory with its parents, for its owner only; one that is there already is left as it is. Node's own `recursive`
 * goes round for ever where the system refuses with ENOENT, as in /proc (24.21).
 * @throws the file system's error
 */
export function makeDirectory(dir: string): void {
  if (statSync(dir, { throwIfNoEntry: false }) !== undefined) return;
  if (dirname(dir) !== dir) makeDirectory(dirname(dir));
  try {
    mkdirSync(dir, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error) || error.code !== 'EEXIST') throw error; // another process was faster
  }
}

/** One name for a directory, however it is written; one that is not there yet is where its name says. */
export function canonicalDirectory(dir: string): string {
  try {
    return realpathSync.native(dir);
  } catch {
    return resolve(dir);
  }
}
