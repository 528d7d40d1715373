import { existsSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Locks } from '../engine/lock.ts';
import { VaultError } from '../errors.ts';
import { decryptionError } from './gpg-error.ts';
import { formatItem, parseItem } from './item-json.ts';
import { isShortLived } from './item-name.ts';
import type { Keyring, KeyringItem } from './keyring.ts';
import { entryName, entryNames, keyOfEntry } from './pass-name.ts';
import { type Entry, entriesBelow, entryModifiedAt, hasEntry, Verdicts } from './pass-store.ts';
import { type ProgramResult, runProgram } from './program.ts';

export type PassOptions = {
  /** The password store; undefined leaves it to `pass` (`PASSWORD_STORE_DIR`, ~/.password-store). */
  readonly dir: string | undefined;
  readonly command: string;
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
 * The password store `pass` as a keyring, an entry per item with aws-vault's names and content. Without a prefix a store is full
 * of other passwords: an entry counts when it has a session's name or has been seen to hold an item. What nobody has looked at
 * is decrypted once, without asking for a passphrase, and the answer kept until the entry changes.
 * @throws VaultError KEYRING_UNAVAILABLE when `pass` or the store is not there
 */
export function passKeyring(options: PassOptions): Keyring {
  return new PassKeyring(options);
}

class PassKeyring implements Keyring {
  readonly #options: PassOptions;
  readonly #store: string;
  readonly #dir: string;
  readonly #verdicts: Verdicts;

  constructor(options: PassOptions) {
    this.#options = options;
    const { dir, env, homeDir, prefix } = options;
    this.#store = dir ?? (env.PASSWORD_STORE_DIR || join(homeDir, '.password-store'));
    this.#dir = join(this.#store, prefix);
    this.#verdicts = new Verdicts(join(options.stateDir, 'pass-entries.json'));
    if (!isOnPath(options.command, env.PATH)) {
      const message = `there is no program ${JSON.stringify(options.command)} on PATH; install pass, or name it with --pass-cmd`;
      throw new VaultError('KEYRING_UNAVAILABLE', message, { details: { backend: 'pass' } });
    }
    if (!hasStore(this.#store)) {
      const message = `there is no password store in ${JSON.stringify(this.#store)}; make one with 'pass init', or name its directory with --pass-dir`;
      throw new VaultError('KEYRING_UNAVAILABLE', message, { details: { backend: 'pass' } });
    }
  }

  async get(key: string): Promise<KeyringItem | undefined> {
    const name = entryNames(key).find((each) => hasEntry(this.#dir, each));
    if (name === undefined) return undefined;
    const { status, stdout, stderr } = await this.#alone(name, () => this.#run(['show', '--', this.#path(name)]));
    if (status !== 0) {
      // Removed by somebody since we looked.
      if (!hasEntry(this.#dir, name)) return undefined;
      throw decryptionError(this.#path(name), stderr);
    }
    const item = parseItem(stdout, key);
    if (typeof item !== 'string') return { ...item, key };
    const message = `the password store's entry ${JSON.stringify(this.#path(name))} is no item of a vault: ${item}; choose another --pass-prefix, or remove the entry and add the key again`;
    throw new VaultError('KEYRING_CORRUPT', message, { details: { backend: 'pass' } });
  }

  async set(item: KeyringItem): Promise<void> {
    const name = entryName(item.key);
    if (item.key === '' || !item.key.isWellFormed() || !item.data.isWellFormed()) {
      const message = `${JSON.stringify(item.key)} cannot be kept: its name or its secret is not valid text`;
      throw new VaultError('USAGE', message);
    }
    await this.#alone(name, async () => {
      const { status, stderr } = await this.#run(['insert', '-m', '-f', '--', this.#path(name)], formatItem(item));
      if (status !== 0) throw this.#failed('written', name, stderr);
    });
    // What aws-vault wrote under the same key would be found beside it.
    for (const other of entryNames(item.key)) {
      if (other !== name && hasEntry(this.#dir, other)) await this.#remove(other);
    }
    const entry = entriesBelow(this.#dir).find((each) => each.name === name);
    if (entry !== undefined) this.#remember([{ ...entry, isItem: true }]);
  }

  async remove(key: string): Promise<boolean> {
    const names = entryNames(key).filter((name) => key !== '' && hasEntry(this.#dir, name));
    let isRemoved = false;
    for (const name of names) isRemoved = (await this.#remove(name)) || isRemoved;
    return isRemoved;
  }

  async keys(): Promise<string[]> {
    const entries = entriesBelow(this.#dir);
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
        .map((name) => entryModifiedAt(this.#dir, name))
        .find((date) => date !== undefined);
    const dated = keys.map((key) => [key, dateOf(key)] as const);
    return new Map(dated.flatMap(([key, date]) => (date === undefined ? [] : [[key, date]])));
  }

  /** Looks into entries once, as far as that is possible without asking for a passphrase. */
  async #look(entries: readonly Entry[]): Promise<void> {
    if (entries.length >= MANY) {
      this.#options.notice(`looking once for aws-vault's items among ${entries.length} entries of ${this.#dir}`);
    }
    const waiting = [...entries];
    const seen: (Entry & { isItem: boolean })[] = [];
    const look = async (): Promise<void> => {
      for (let entry = waiting.shift(); entry !== undefined; entry = waiting.shift()) {
        const args = ['show', '--', this.#path(entry.name)];
        const { status, stdout } = await this.#run(args, undefined, '--pinentry-mode=cancel');
        if (status === 0) seen.push({ ...entry, isItem: isItem(stdout) });
      }
    };
    await Promise.all(Array.from({ length: LOOKS_AT_ONCE }, look));
    this.#remember(seen);
  }

  #remember(seen: readonly (Entry & { readonly isItem: boolean })[]): void {
    const verdicts = this.#verdicts;
    const names = new Set(seen.map(({ name }) => name));
    const before = entriesBelow(this.#dir).flatMap((entry) => {
      const isItem = verdicts.of(this.#dir, entry);
      return isItem === undefined || names.has(entry.name) ? [] : [{ ...entry, isItem }];
    });
    verdicts.keep(this.#dir, [...before, ...seen]);
  }

  /** GnuPG writes into the file as it goes: two at once would write one another's bytes, and a reader would see half an item. */
  async #alone<T>(name: string, work: () => Promise<T>): Promise<T> {
    const { locks, signal } = this.#options;
    const release = await locks.acquire(`pass ${join(this.#dir, name)}`, { signal });
    try {
      return await work();
    } finally {
      release();
    }
  }

  async #remove(name: string): Promise<boolean> {
    const { status, stderr } = await this.#alone(name, () => this.#run(['rm', '-f', '--', this.#path(name)]));
    if (status === 0) return true;
    if (!hasEntry(this.#dir, name)) return false;
    throw this.#failed('removed', name, stderr);
  }

  #path(name: string): string {
    const { prefix } = this.#options;
    return prefix === '' ? name : `${prefix.replace(/\/+$/, '')}/${name}`;
  }

  #run(args: readonly string[], input?: string, gpgOption?: string): Promise<ProgramResult> {
    const { command, env, signal } = this.#options;
    const gpgOptions = [env.PASSWORD_STORE_GPG_OPTS, '--status-fd=2', gpgOption].filter(Boolean).join(' ');
    const terminal = env.GPG_TTY ?? terminalName();
    return runProgram([command, ...args], {
      backend: 'pass',
      env: {
        ...env,
        PASSWORD_STORE_DIR: this.#store,
        PASSWORD_STORE_GPG_OPTS: gpgOptions,
        ...(terminal !== undefined && { GPG_TTY: terminal }),
      },
      signal,
      timeoutMs: TIMEOUT_MS,
      ...(input !== undefined && { input }),
    });
  }

  #failed(what: string, name: string, stderr: string): VaultError {
    const lines = stderr.split('\n').filter((line) => line !== '' && !line.startsWith('[GNUPG:]'));
    const reason = lines.at(-1)?.slice(0, 200) ?? 'it said nothing';
    const message = `the password store's entry ${JSON.stringify(this.#path(name))} cannot be ${what} (${reason}); try it with ${JSON.stringify(this.#options.command)} itself`;
    return new VaultError('KEYRING_UNAVAILABLE', message, { details: { backend: 'pass' } });
  }
}

function isOnPath(command: string, path = ''): boolean {
  const places = command.includes('/') ? [command] : path.split(':').map((dir) => join(dir, command));
  return places.some((file) => existsSync(file));
}

function hasStore(dir: string): boolean {
  return existsSync(join(dir, '.gpg-id')) || entriesBelow(dir).length > 0;
}

function isItem(content: Buffer): boolean {
  const item = parseItem(content, '');
  return typeof item !== 'string' && item.key !== '';
}

/** The terminal on which a pinentry may ask: `pass` cannot find it by its stdin, which is ours. */
function terminalName(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const { isatty } = process.getBuiltinModule('node:tty');
  const descriptor = [0, 1, 2].find((fd) => isatty(fd));
  return descriptor === undefined ? undefined : readlinkSync(`/proc/self/fd/${descriptor}`);
}
