import { itemFileName, keyOfItemFile } from './file-disk.ts';

/**
 * The name of a key's entry in the password store: the key itself, as aws-vault has it, where a path can hold that; else one
 * segment in which `/` and `%` are escaped as in the file vault.
 */
export function entryName(key: string): string {
  return isPath(key) && !isEscaped(key) ? key : itemFileName(key, 'linux');
}

/** The names under which a key's entry may be found: ours, and what aws-vault's cleaning of paths makes of a start URL. */
export function entryNames(key: string): string[] {
  const cleaned = key.replaceAll(/\/{2,}/g, '/').replace(/\/$/, '');
  return [...new Set([entryName(key), ...(isPath(cleaned) ? [cleaned] : [])])];
}

/** The key that an entry of this name stands for; undefined where there can be none. */
export function keyOfEntry(name: string): string | undefined {
  // One of its slashes was cleaned away.
  if (/^oidc:https?:\/[^/]/.test(name)) return name.replace(':/', '://');
  return isEscaped(name) ? keyOfItemFile(name, 'linux') : name;
}

function isPath(key: string): boolean {
  return key
    .split('/')
    .every((part) => part !== '' && part !== '.' && part !== '..' && part !== '.git' && !part.includes('\0'));
}

function isEscaped(name: string): boolean {
  return /%[0-9A-F]{2}/.test(name);
}
