import fs from 'node:fs';
import path from 'node:path';

/**
 * The name of the program that started this one, so that a person can tell why a question appears; undefined where the system
 * does not say. Its arguments are left out: they may hold secrets.
 */
export function parentProgram(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  try {
    const name = fs.readFileSync(`/proc/${process.ppid}/comm`, 'utf8').trim();
    // What Node calls its main thread: the program file says more.
    return name === 'MainThread' ? path.basename(fs.readlinkSync(`/proc/${process.ppid}/exe`)) : name;
  } catch {
    // The parent is gone, or another user's: the question is asked without its name.
    return undefined;
  }
}
