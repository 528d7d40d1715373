import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import type { Locks } from '../engine/lock.ts';
import { type ErrorCode, VaultError } from '../errors.ts';
import { formatItem, parseItem } from './item-json.ts';
import { isShortLived } from './item-name.ts';
import type { Keyring, KeyringItem } from './keyring.ts';
import { entryName, entryNames, keyOfEntry } from './pass-name.ts';
import { type Entry, type EntryFiles, entryFiles, Verdicts } from './pass-store.ts';
import { type ProgramResult, runProgram } from './program.ts';

type RunOptions = { readonly input?: string; readonly mayAsk?: boolean };

/** What the programs `pass` and `passage` do not have in common. */
export type StoreKind = {
  /** The backend. */
  readonly name: string;
  /** Of an entry's file. */
  readonly extension: string;
  /** How to make a store, as advice in an error. */
  readonly toMake: string;
  /** Whether this directory is a store, also an empty one. */
  readonly isStore: (dir: string) => boolean;
  /** The program's environment, which also says where the store is. */
  readonly env: (run: { readonly mayAsk: boolean }) => Record<string, string | undefined>;
  /** Whether an entry can be looked into without a question to the person. */
  readonly canLook: () => boolean;
  /** Why the program could not read an entry, by its stderr. */
  readonly readError: (entry: string, stderr: string) => VaultError;
};

export type PasswordStoreOptions = {
  /** The store; undefined leaves it to the program's own variable and default. */
  readonly dir: string | undefined;
  /** The program; undefined is its own name. */
  readonly command: string | undefined;
  /** The folder of the vault in the store; empty is the store's top, which is aws-vault's default. */
  readonly prefix: string;
  readonly homeDir: string;
  /** Where it is remembered which entries are items of a vault. */
  readonly stateDir: string;
  readonly locks: Locks;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly notice: (line: string) => void;
};

/** Somebody may have to find a hardware key and type its PIN. */
const TIMEOUT_MS = 180_000;
/** Decrypting is GnuPG's work in a process of its own; this many at a time keep a machine busy. */
const LOOKS_AT_ONCE = 4;
const MANY = 20;

/**
 * A password store (`pass` or `passage`) as a keyring, an entry per item with aws-vault's names and content. Without a prefix a
 * store is full of other passwords: an entry counts when it has a session's name or has been seen to hold an item. What nobody
 * has looked at is decrypted once, without asking for a passphrase, and the answer kept until the entry changes.
 */
export class PasswordStoreKeyring implements Keyring {
  readonly #kind: StoreKind;
  readonly #options: PasswordStoreOptions;
  readonly #command: string;
  readonly #files: EntryFiles;
  readonly #dir: string;
  readonly #verdicts: Verdicts;

  /** @throws VaultError KEYRING_UNAVAILABLE when the program or the store is not there */
  constructor(kind: StoreKind, store: string, options: PasswordStoreOptions) {
    this.#kind = kind;
    this.#options = options;
    const { env, prefix, command = kind.name } = options;
    this.#command = command;
    this.#files = entryFiles(kind.extension);
    this.#dir = join(store, prefix);
    this.#verdicts = new Verdicts(join(options.stateDir, `${kind.name}-entries.json`));
    if (!isOnPath(command, env.PATH)) {
      const message = `there is no program ${JSON.stringify(command)} on PATH; install ${kind.name}, or name it with --pass-cmd`;
      throw this.#error('KEYRING_UNAVAILABLE', message);
    }
    if (!kind.isStore(store) && this.#files.below(store).length === 0) {
      const message = `there is no password store in ${JSON.stringify(store)}; ${kind.toMake}, or name its directory with --pass-dir`;
      throw this.#error('KEYRING_UNAVAILABLE', message);
    }
  }

  async get(key: string): Promise<KeyringItem | undefined> {
    const name = entryNames(key).find((each) => this.#files.has(this.#dir, each));
    if (name === undefined) return undefined;
    const { status, stdout, stderr } = await this.#alone(name, () => this.#run(['show', '--', this.#path(name)]));
    if (status !== 0) {
      // Removed by somebody since we looked.
      if (!this.#files.has(this.#dir, name)) return undefined;
      throw this.#kind.readError(this.#path(name), stderr);
    }
    const item = parseItem(stdout, key);
    if (typeof item !== 'string') return { ...item, key };
    const message = `the password store's entry ${JSON.stringify(this.#path(name))} is no item of a vault: ${item}; choose another --pass-prefix, or remove the entry and add the key again`;
    throw this.#error('KEYRING_CORRUPT', message);
  }

  async set(item: KeyringItem): Promise<void> {
    const name = entryName(item.key);
    if (item.key === '' || !item.key.isWellFormed() || !item.data.isWellFormed()) {
      const message = `${JSON.stringify(item.key)} cannot be kept: its name or its secret is not valid text`;
      throw new VaultError('USAGE', message);
    }
    await this.#alone(name, async () => {
      const { status, stderr } = await this.#run(['insert', '-m', '-f', '--', this.#path(name)], {
        input: formatItem(item),
      });
      if (status !== 0) throw this.#failed('written', name, stderr);
    });
    // What aws-vault wrote under the same key would be found beside it.
    for (const other of entryNames(item.key)) {
      if (other !== name && this.#files.has(this.#dir, other)) await this.#remove(other);
    }
    const entry = this.#files.below(this.#dir).find((each) => each.name === name);
    if (entry !== undefined) this.#remember([{ ...entry, isItem: true }]);
  }

  async remove(key: string): Promise<boolean> {
    const names = entryNames(key).filter((name) => key !== '' && this.#files.has(this.#dir, name));
    let isRemoved = false;
    for (const name of names) isRemoved = (await this.#remove(name)) || isRemoved;
    return isRemoved;
  }

  async keys(): Promise<string[]> {
    const entries = this.#files.below(this.#dir);
    const verdicts = this.#verdicts;
    const isKnown = (entry: Entry): boolean | undefined => isShortLived(entry.name) || verdicts.of(this.#dir, entry);
    const unknown = entries.filter((entry) => isKnown(entry) === undefined);
    if (unknown.length > 0) await this.#look(unknown);
    const keys = entries.filter((entry) => isKnown(entry) === true).flatMap(({ name }) => keyOfEntry(name) ?? []);
    return [...new Set(keys)];
  }

  async modifiedAt(keys: readonly string[]): Promise<ReadonlyMap<string, Date>> {
    const dateOf = (key: string): Date | undefined =>
      entryNames(key)
        .map((name) => this.#files.modifiedAt(this.#dir, name))
        .find((date) => date !== undefined);
    const dated = keys.map((key) => [key, dateOf(key)] as const);
    return new Map(dated.flatMap(([key, date]) => (date === undefined ? [] : [[key, date]])));
  }

  /** Looks into entries once, as far as that is possible without asking for a passphrase. */
  async #look(entries: readonly Entry[]): Promise<void> {
    if (!this.#kind.canLook()) return;
    if (entries.length >= MANY) {
      this.#options.notice(`looking once for aws-vault's items among ${entries.length} entries of ${this.#dir}`);
    }
    const waiting = [...entries];
    const seen: (Entry & { isItem: boolean })[] = [];
    const look = async (): Promise<void> => {
      for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
        const args = ['show', '--', this.#path(entry.name)];
        const { status, stdout } = await this.#run(args, { mayAsk: false });
        if (status === 0) seen.push({ ...entry, isItem: isItem(stdout) });
      }
    };
    await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, look));
    this.#remember(seen);
  }

  #remember(seen: readonly (Entry & { readonly isItem: boolean })[]): void {
    const verdicts = this.#verdicts;
    const names = new Set(seen.map(({ name }) => name));
    const before = this.#files.below(this.#dir).flatMap((entry) => {
      const isItem = verdicts.of(this.#dir, entry);
      return isItem === undefined || names.has(entry.name) ? [] : [{ ...entry, isItem }];
    });
    verdicts.keep(this.#dir, [...before, ...seen]);
  }

  /** GnuPG writes into the file as it goes: two at once would write one another's bytes, and a reader would see half an item. */
  async #alone<T>(name: string, work: () => Promise<T>): Promise<T> {
    const { locks, signal } = this.#options;
    const release = await locks.acquire(`${this.#kind.name} ${join(this.#dir, name)}`, { signal });
    try {
      return await work();
    } finally {
      release();
    }
  }

  async #remove(name: string): Promise<boolean> {
    const { status, stderr } = await this.#alone(name, () => this.#run(['rm', '-f', '--', this.#path(name)]));
    if (status === 0) return true;
    if (!this.#files.has(this.#dir, name)) return false;
    throw this.#failed('removed', name, stderr);
  }

  #path(name: string): string {
    const { prefix } = this.#options;
    return prefix === '' ? name : `${prefix.replace(/\/+$/, '')}/${name}`;
  }

  #run(args: readonly string[], { input, mayAsk = true }: RunOptions = {}): Promise<ProgramResult> {
    return runProgram([this.#command, ...args], {
      backend: this.#kind.name,
      env: { ...this.#options.env, ...this.#kind.env({ mayAsk }) },
      signal: this.#options.signal,
      timeoutMs: TIMEOUT_MS,
      ...(input !== undefined && { input }),
    });
  }

  #failed(what: string, name: string, stderr: string): VaultError {
    const lines = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('[GNUPG:]'));
    const reason = lines.at(-1)?.slice(0, 200) ?? 'it said nothing';
    const message = `the password store's entry ${JSON.stringify(this.#path(name))} cannot be ${what} (${reason}); try it with ${JSON.stringify(this.#command)} itself`;
    return this.#error('KEYRING_UNAVAILABLE', message);
  }

  #error(code: ErrorCode, message: string): VaultError {
    return new VaultError(code, message, { details: { backend: this.#kind.name } });
  }
}

function isOnPath(command: string, path = ''): boolean {
  const places = command.includes('/') ? [command] : path.split(':').map((dir) => join(dir, command));
  return places.some((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false; // not in this directory
    }
  });
}

function isItem(content: Buffer): boolean {
  const item = parseItem(content, '');
  return typeof item !== 'string' && item.key !== '';
}
