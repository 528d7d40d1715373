import { join } from 'node:path';
import { VaultError } from '../errors.ts';
import { DerivedKeys } from './derived-keys.ts';
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
import { AWS_VAULT_ROUNDS, newContentKey, sealWith } from './jwe.ts';
import { type KeyHolder, lockedVault, passphraseHolder, wrongPassphrase } from './key-holder.ts';
import type { Keyring, KeyringItem } from './keyring.ts';
import { openItem, opensAny } from './open-item.ts';
import { requireNoRemains } from './vault-remains.ts';

export type FileKeyringOptions = {
  /** Made on the first write if it is missing. */
  readonly dir: string;
  /** Asked anew for each item; undefined while nobody has given one. An empty passphrase is a passphrase. */
  readonly passphrase: () => string | undefined;
  /** Who has the passphrase while this process has not: a host that was unlocked, or a program that gives it. */
  readonly holder?: () => Promise<KeyHolder | undefined>;
  /** Of PBKDF2 for what is written; aws-vault's where nothing is said. Asked for at every write. */
  readonly rounds?: () => number | Promise<number>;
  /** Of this process: says where there is memory to keep derived keys in; without it none are kept. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Gets a line about permissions that were too wide. */
  readonly notice?: (line: string) => void;
};

/**
 * The vault in a directory: one file per item, in aws-vault's format and under its names, each encrypted by the passphrase.
 * Listing, removing and looking for what is not there need no passphrase. `set` refuses a passphrase that opens nothing of
 * what is stored already, so that one vault has one passphrase.
 *
 * Reads and writes synchronously, because nothing else waits: what a call takes is most of all key derivation.
 * @throws VaultError KEYRING_LOCKED (no passphrase, or a wrong one), KEYRING_CORRUPT, KEYRING_DENIED, KEYRING_UNAVAILABLE
 */
export function fileKeyring(options: FileKeyringOptions): Keyring {
  requireVaultDirectory(options.dir);
  return new FileKeyring(options);
}

class FileKeyring implements Keyring {
  readonly #options: FileKeyringOptions;
  readonly #dir: string;
  #known: ReadonlySet<string> = new Set();
  readonly #notice: (line: string) => void;
  readonly #derived: DerivedKeys | undefined;
  #own: { readonly passphrase: string; readonly holder: KeyHolder } | undefined;
  /** The holder whose passphrase has opened an item here, or written the first. */
  #proven: KeyHolder | undefined;
  #isTidy = false;

  constructor(options: FileKeyringOptions) {
    this.#options = options;
    this.#dir = options.dir;
    this.#notice = options.notice ?? (() => undefined);
    this.#derived = options.env && new DerivedKeys(options.dir, options.env);
  }

  async get(key: string): Promise<KeyringItem | undefined> {
    const name = itemFileName(key);
    const text = key === '' ? undefined : readItemFile(this.#dir, name);
    if (text === undefined) return undefined;
    const holder = await this.#requireHolder();
    const opening = await openItem(text, holder);
    if (opening.outcome === 'damaged') throw this.#corrupt(name, opening.reason);
    if (opening.outcome === 'wrong-passphrase') throw await this.#refused(name, holder);
    this.#proven = holder;
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
    const holder = await this.#requireHolder();
    const before = readItemFile(this.#dir, name);
    const isThere = () => readItemFile(this.#dir, name) !== undefined;
    // Asked twice, because another process may remove the item between the two looks.
    if (before !== undefined && !isListedAs(this.#dir, name) && isThere()) {
      throw new VaultError(
        'KEYRING_UNAVAILABLE',
        `the file vault has an item whose name differs from ${JSON.stringify(item.key)} in case only, which the file system does not tell apart: choose another name`,
        { details: { backend: 'file', file: join(this.#dir, name) } },
      );
    }
    const fits = this.#proven === holder || (await this.#fitsAny(holder, itemFiles(this.#dir)));
    if (fits === false) throw wrongPassphrase(this.#dir);
    if (fits === undefined) requireNoRemains(this.#dir, name);
    const contentKey = newContentKey();
    const key = { contentKey, ...(await holder.wrap(contentKey)) };
    prepareVaultDirectory(this.#dir, this.#notice);
    writeItemFile(this.#dir, name, (now) => sealWith(formatItem(item), key, now));
    if (before !== undefined) this.#derived?.drop(before);
    if (fits === undefined) await this.#retractIfSecondPassphrase(name, holder);
    this.#proven = holder;
    if (!this.#isTidy) tidyVaultDirectory(this.#dir, this.#notice);
    this.#isTidy = true;
  }

  async remove(key: string): Promise<boolean> {
    const text = key === '' ? undefined : readItemFile(this.#dir, itemFileName(key));
    if (text === undefined) return false;
    this.#derived?.drop(text);
    return removeItemFile(this.#dir, itemFileName(key));
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
  #fitsAny(holder: KeyHolder, names: readonly string[]): Promise<boolean | undefined> {
    return opensAny(this.#dir, holder, names);
  }

  /** Two processes may each have found the vault empty; whoever comes second sees here that the vault has its passphrase. */
  async #retractIfSecondPassphrase(name: string, holder: KeyHolder): Promise<void> {
    const others = itemFiles(this.#dir).filter((other) => other !== name);
    if ((await this.#fitsAny(holder, others)) !== false) return;
    // Unless that other process has put its own item in the place of ours meanwhile.
    if (await this.#fitsAny(holder, [name])) removeItemFile(this.#dir, name);
    throw wrongPassphrase(this.#dir);
  }

  async #requireHolder(): Promise<KeyHolder> {
    const { passphrase: given, rounds = () => AWS_VAULT_ROUNDS } = this.#options;
    const passphrase = given();
    if (passphrase === undefined) {
      const holder = await this.#options.holder?.();
      if (holder === undefined) throw lockedVault(this.#dir);
      return holder;
    }
    if (this.#own?.passphrase !== passphrase) {
      this.#own = { passphrase, holder: passphraseHolder(passphrase, rounds, this.#derived) };
    }
    return this.#own.holder;
  }

  /** One item does not open. If others do, asking for the passphrase again would lead nowhere. */
  async #refused(name: string, holder: KeyHolder): Promise<VaultError> {
    const others = itemFiles(this.#dir).filter((other) => other !== name);
    if (this.#proven !== holder && !(await this.#fitsAny(holder, others))) return wrongPassphrase(this.#dir);
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
