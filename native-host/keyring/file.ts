import { join } from 'node:path';
import { VaultError } from '../errors.ts';
import {
  isListedAs,
  itemFileModifiedAt,
  itemFileName,
  itemFiles,
  keyOfItemFile,
  prepareVaultDirectory,
  readItemFile,
  removeItemFile,
  requireVaultDirectory,
  tidyVaultDirectory,
  writeItemFile,
} from './file-disk.ts';
import { formatItem, parseItem } from './item-json.ts';
import { type JweOpening, openJwe, sealJwe } from './jwe.ts';
import type { Keyring, KeyringItem } from './keyring.ts';

/** How many items a doubtful passphrase is tried on: 2.4 ms each, and items that fit are the rule. */
const ITEMS_TRIED_MAX = 16;

export type FileKeyringOptions = {
  /** Made on the first write if it is missing. */
  readonly dir: string;
  /** Asked anew for each item; undefined while nobody has given one. An empty passphrase is a passphrase. */
  readonly passphrase: () => string | undefined;
  /** Gets a line about permissions that were too wide. */
  readonly notice?: (line: string) => void;
};

/**
 * The vault in a directory: one file per item, in aws-vault's format and under its names, each encrypted by the passphrase.
 * Listing, removing and looking for what is not there need no passphrase. `set` refuses a passphrase that opens nothing of
 * what is stored already, so that one vault has one passphrase.
 *
 * Reads and writes synchronously: each call takes some 3 ms, most of it key derivation, and nothing else waits.
 * @throws VaultError KEYRING_LOCKED (no passphrase, or a wrong one), KEYRING_CORRUPT, KEYRING_DENIED, KEYRING_UNAVAILABLE
 */
export function fileKeyring(options: FileKeyringOptions): Keyring {
  requireVaultDirectory(options.dir);
  return new FileKeyring(options);
}

class FileKeyring implements Keyring {
  readonly #dir: string;
  #known: ReadonlySet<string> = new Set();
  readonly #passphrase: () => string | undefined;
  readonly #notice: (line: string) => void;
  /** The passphrase that has opened an item here, or written the first. */
  #proven: string | undefined;
  #isTidy = false;

  constructor({ dir, passphrase, notice = () => undefined }: FileKeyringOptions) {
    this.#dir = dir;
    this.#passphrase = passphrase;
    this.#notice = notice;
  }

  async get(key: string): Promise<KeyringItem | undefined> {
    const name = itemFileName(key);
    const text = key === '' ? undefined : readItemFile(this.#dir, name);
    if (text === undefined) return undefined;
    const passphrase = this.#requirePassphrase();
    const opening = openJwe(text, passphrase);
    if (opening.outcome === 'damaged') throw this.#corrupt(name, opening.reason);
    if (opening.outcome === 'wrong-passphrase') throw this.#refused(name, passphrase);
    this.#proven = passphrase;
    const item = parseItem(opening.plaintext, key);
    if (typeof item === 'string') throw this.#corrupt(name, item);
    if (item.key === key) return item;
    // On a file system that ignores case, the file of another key was opened.
    if (!isListedAs(this.#dir, name)) return undefined;
    // Else somebody exchanged files: production's key must not be handed out under the name of another profile.
    throw this.#corrupt(name, `it holds the item ${JSON.stringify(item.key)}`);
  }

  async set(item: KeyringItem): Promise<void> {
    const name = itemFileName(item.key);
    if (item.key === '' || !item.key.isWellFormed() || !item.data.isWellFormed()) {
      throw new VaultError(
        'USAGE',
        `${JSON.stringify(item.key)} cannot be kept: its name or its secret is not valid text`,
      );
    }
    const passphrase = this.#requirePassphrase();
    const isThere = () => readItemFile(this.#dir, name) !== undefined;
    // Asked twice, because another process may remove the item between the two looks.
    if (isThere() && !isListedAs(this.#dir, name) && isThere()) {
      throw new VaultError(
        'KEYRING_UNAVAILABLE',
        `the file vault has an item whose name differs from ${JSON.stringify(item.key)} in case only, which the file system does not tell apart: choose another name`,
        { details: { backend: 'file', file: join(this.#dir, name) } },
      );
    }
    const fits = this.#proven === passphrase || this.#fitsAny(passphrase, itemFiles(this.#dir));
    if (fits === false) throw this.#wrongPassphrase();
    prepareVaultDirectory(this.#dir, this.#notice);
    writeItemFile(this.#dir, name, (now) => sealJwe(formatItem(item), passphrase, now));
    if (fits === undefined) this.#retractIfSecondPassphrase(name, passphrase);
    this.#proven = passphrase;
    if (!this.#isTidy) tidyVaultDirectory(this.#dir, this.#notice);
    this.#isTidy = true;
  }

  async remove(key: string): Promise<boolean> {
    return key !== '' && removeItemFile(this.#dir, itemFileName(key));
  }

  async keys(): Promise<string[]> {
    const names = itemFiles(this.#dir, this.#known);
    this.#known = new Set(names);
    return names.flatMap((name) => keyOfItemFile(name) ?? []);
  }

  async modifiedAt(keys: readonly string[]): Promise<ReadonlyMap<string, Date>> {
    const dated = keys.map((key) => [key, itemFileModifiedAt(this.#dir, itemFileName(key))] as const);
    return new Map(dated.flatMap(([key, date]) => (date === undefined ? [] : [[key, date]])));
  }

  /** Whether the passphrase opens one of the items; undefined when there is none to try it on. */
  #fitsAny(passphrase: string, names: readonly string[]): boolean | undefined {
    let tried = 0;
    let unreadable: unknown;
    for (const name of names) {
      try {
        const text = readItemFile(this.#dir, name);
        const opening = text === undefined ? undefined : openJwe(text, passphrase);
        if (opening !== undefined && isPassphraseRight(opening)) return true;
        if (opening?.outcome === 'wrong-passphrase') tried += 1;
      } catch (error) {
        unreadable = error; // one of root's, say; the others will do
      }
      if (tried === ITEMS_TRIED_MAX) break;
    }
    if (tried === 0 && unreadable !== undefined) throw unreadable;
    return tried > 0 ? false : undefined;
  }

  /** Two processes may each have found the vault empty; whoever comes second sees here that the vault has its passphrase. */
  #retractIfSecondPassphrase(name: string, passphrase: string): void {
    const others = itemFiles(this.#dir).filter((other) => other !== name);
    if (this.#fitsAny(passphrase, others) !== false) return;
    // Unless that other process has put its own item in the place of ours meanwhile.
    if (this.#fitsAny(passphrase, [name])) removeItemFile(this.#dir, name);
    throw this.#wrongPassphrase();
  }

  #requirePassphrase(): string {
    const passphrase = this.#passphrase();
    if (passphrase !== undefined) return passphrase;
    throw new VaultError(
      'KEYRING_LOCKED',
      `the file vault ${JSON.stringify(this.#dir)} is locked: give its passphrase, or set AWS_VAULT_FILE_PASSPHRASE`,
      { details: { backend: 'file', file: this.#dir } },
    );
  }

  #wrongPassphrase(): VaultError {
    return new VaultError(
      'KEYRING_LOCKED',
      `the passphrase is wrong: it does not open the file vault ${JSON.stringify(this.#dir)}; repeat with the right one`,
      { details: { backend: 'file', file: this.#dir } },
    );
  }

  /** One item does not open. If others do, asking for the passphrase again would lead nowhere. */
  #refused(name: string, passphrase: string): VaultError {
    const others = itemFiles(this.#dir).filter((other) => other !== name);
    if (this.#proven !== passphrase && !this.#fitsAny(passphrase, others)) return this.#wrongPassphrase();
    return this.#corrupt(name, 'other items open with this passphrase, so it was damaged or written with another one');
  }

  #corrupt(name: string, reason: string): VaultError {
    const path = join(this.#dir, name);
    return new VaultError(
      'KEYRING_CORRUPT',
      `the vault item ${JSON.stringify(path)} cannot be used (${reason}): restore the file, or remove it and add the item again`,
      { details: { backend: 'file', file: path } },
    );
  }
}

function isPassphraseRight(opening: JweOpening): boolean {
  return opening.outcome === 'opened' || (opening.outcome === 'damaged' && opening.passphraseFits);
}
