import { statSync } from 'node:fs';
import { type ConfigFile, readConfigFile } from './config-file.ts';

/**
 * Reads one config file again and again, as a host does that lives for weeks: only when it has changed. What a file says is told
 * by its inode, size and time of change, which every editor and every `add` alters.
 */
export function configReader(file: string): () => Promise<ConfigFile> {
  let last: { readonly stamp: string; readonly config: Promise<ConfigFile> } | undefined;
  return () => {
    const stamp = stampOf(file);
    // Before it is read: a change that comes in between is seen by the next call.
    if (last?.stamp !== stamp) last = { stamp, config: readConfigFile(file) };
    return last.config;
  };
}

function stampOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false, bigint: true });
  return found === undefined ? 'missing' : [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(' ');
}
