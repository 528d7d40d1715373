import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { VaultError } from '../errors.ts';
import { isOpenToOthers, itemFiles, possibleItemFiles, readItemFile } from './file-disk.ts';
import { parseJwe } from './jwe.ts';

/**
 * Refuses to take a passphrase for the first one of a vault that has nothing to prove it with, but has something that was an
 * item: the passphrase of old would still be that of a copy, and two passphrases are in one vault as soon as somebody restores it.
 * An item that is to be replaced says that itself, by its `name`.
 * @throws VaultError KEYRING_CORRUPT
 */
export function requireNoRemains(dir: string, name: string): void {
  const isDamaged = (file: string): boolean => typeof parseJwe(readItemFile(dir, file) ?? '') === 'string';
  const remains = itemFiles(dir)
    .filter(isDamaged)
    .concat(possibleItemFiles(dir).filter((file) => isEmptied(dir, file)));
  const [first] = remains.filter((file) => file !== name);
  if (first === undefined) return;
  const path = join(dir, first);
  throw new VaultError(
    'KEYRING_CORRUPT',
    `nothing tells whether the passphrase is that of the file vault ${JSON.stringify(dir)}, because its item ${JSON.stringify(path)} is damaged and no other is there: restore the file, or remove it, and repeat`,
    { details: { backend: 'file', file: path } },
  );
}

/** What a crash leaves of an item that a less careful program wrote. A file that somebody else made is rarely its owner's only. */
function isEmptied(dir: string, file: string): boolean {
  const found = lstatSync(join(dir, file), { throwIfNoEntry: false });
  return found?.isFile() === true && found.size === 0 && process.platform !== 'win32' && !isOpenToOthers(found.mode);
}
