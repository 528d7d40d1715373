import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { VaultError } from '../errors.ts';
import { formatItem, parseItem } from './item-json.ts';
import { isShortLived } from './item-name.ts';
import type { Keyring, KeyringItem } from './keyring.ts';
import { type ProgramResult, runProgram } from './program.ts';

export type KeyctlOptions = {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  readonly notice: (line: string) => void;
  /** How long `keyctl` may take. Default 5000. */
  readonly timeoutMs?: number;
};

/** What our keys' descriptions begin with; the rest is the item's key. */
const PREFIX = 'aws-vault:';
/** All keys that this user may see, with their descriptions but without what they hold. @see proc_keys(5) */
const KEYS_FILE = '/proc/keys';
const USER_KEYRING = '@u';
/** Everything for whoever holds the keyring and for the user's own processes, which need not: sessions differ. */
const PERMISSIONS = '0x3f3f0000';
const TIMEOUT_MS = 5_000;
/** The kernel's limit for what a key of type `user` holds. */
const MAX_BYTES = 32_767;

/**
 * The kernel's keyring of this user: it is never written to disk, and forgotten when the machine restarts. aws-vault names this
 * backend but cannot use it, so the layout is ours: keys of type `user` in the user keyring, `aws-vault:KEY`.
 * @throws VaultError KEYRING_UNAVAILABLE when the kernel or `keyctl` is not there
 */
export function keyctlKeyring(options: KeyctlOptions): Keyring {
  const program = findProgram(options.env.PATH);
  try {
    readFileSync(KEYS_FILE);
  } catch (error) {
    throw unavailable(`the kernel shows no keys (${error instanceof Error ? error.message : String(error)})`);
  }
  return new KeyctlKeyring(program, options);
}

class KeyctlKeyring implements Keyring {
  readonly #program: string;
  readonly #options: KeyctlOptions;

  constructor(program: string, options: KeyctlOptions) {
    this.#program = program;
    this.#options = options;
  }

  async get(key: string): Promise<KeyringItem | undefined> {
    const id = ownKeys().get(key);
    if (id === undefined) return undefined;
    const { status, stdout } = await this.#run(['pipe', id]);
    if (status !== 0) {
      if (ownKeys().get(key) !== id) return this.get(key);
      const message = `the kernel refuses to give out the key ${JSON.stringify(PREFIX + key)}; look at 'keyctl describe ${Number(id)}', or remove it and add it again`;
      throw new VaultError('KEYRING_DENIED', message, { details: { backend: 'keyctl' } });
    }
    const item = parseItem(stdout, key);
    if (typeof item !== 'string') return { ...item, key };
    const message = `the kernel's key ${JSON.stringify(PREFIX + key)} is no item of a vault: ${item}; remove it and add it again`;
    throw new VaultError('KEYRING_CORRUPT', message, { details: { backend: 'keyctl' } });
  }

  async set(item: KeyringItem): Promise<void> {
    if (item.key === '' || !item.key.isWellFormed() || !item.data.isWellFormed()) {
      const message = `${JSON.stringify(item.key)} cannot be kept: its name or its secret is not valid text`;
      throw new VaultError('USAGE', message);
    }
    const content = formatItem(item);
    if (Buffer.byteLength(content) > MAX_BYTES) throw unavailable(`${JSON.stringify(item.key)} is too long for it`);
    const isNew = !ownKeys().has(item.key);
    const { status, stdout, stderr } = await this.#run(['padd', 'user', describe(item.key), USER_KEYRING], content);
    if (status !== 0) throw unavailable(`it does not take the key (${stderr.trim().slice(0, 200)})`);
    if (!isNew) return;
    await this.#allowOwnProcesses(stdout.toString('utf8').trim());
    if (!isShortLived(item.key)) this.#options.notice('the kernel keyring forgets this when the machine restarts');
  }

  async remove(key: string): Promise<boolean> {
    const id = key === '' ? undefined : ownKeys().get(key);
    if (id === undefined) return false;
    // What is only unlinked is still shown until the kernel gets round to it.
    const { status } = await this.#run(['revoke', id]);
    await this.#run(['unlink', id, USER_KEYRING]);
    if (status === 0 || ownKeys().get(key) !== id) return status === 0;
    throw new VaultError('KEYRING_DENIED', `the kernel refuses to remove the key ${JSON.stringify(PREFIX + key)}`, {
      details: { backend: 'keyctl' },
    });
  }

  async keys(): Promise<string[]> {
    return [...ownKeys().keys()];
  }

  /** A process may change a key only if its session reaches the user keyring, which under sudo or cron it does not. */
  async #allowOwnProcesses(id: string): Promise<void> {
    if ((await this.#run(['setperm', id, PERMISSIONS])).status === 0) return;
    await this.#run(['link', USER_KEYRING, '@s']);
    const { status, stderr } = await this.#run(['setperm', id, PERMISSIONS]);
    if (status !== 0)
      throw unavailable(`its keys cannot be shared among your processes (${stderr.trim().slice(0, 200)})`);
  }

  #run(args: readonly string[], input?: string): Promise<ProgramResult> {
    const { signal, env, timeoutMs = TIMEOUT_MS } = this.#options;
    const options = { backend: 'keyctl', env: { PATH: env.PATH }, signal, timeoutMs };
    return runProgram([this.#program, ...args], { ...options, ...(input !== undefined && { input }) });
  }
}

/** Our keys that can be read: the item's key -> the kernel's number for it. */
function ownKeys(): ReadonlyMap<string, string> {
  const uid = String(process.getuid?.());
  const found = new Map<string, string>();
  for (const line of readFileSync(KEYS_FILE, 'utf8').split('\n')) {
    const match = /^([0-9a-f]{8}) (\S+) +\S+ +\S+ +\S+ +(\d+) +\S+ user +(.*): \d+$/.exec(line);
    const [, id = '', flags = '', owner, description = ''] = match ?? [];
    // Revoked, dead, negative or invalidated ones are as good as gone.
    if (owner !== uid || !description.startsWith(PREFIX) || !flags.startsWith('I') || /[RDNi]/.test(flags)) continue;
    found.set(keyOf(description), `0x${id}`);
  }
  return found;
}

/** On one line of KEYS_FILE whatever is in the key. */
function describe(key: string): string {
  return PREFIX + key.replaceAll(/[%\p{Cc}]|^ | $/gu, (char) => `%${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

function keyOf(description: string): string {
  const escaped = description.slice(PREFIX.length);
  return escaped.replaceAll(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

function findProgram(path = ''): string {
  for (const dir of path.split(':')) {
    const file = join(dir, 'keyctl');
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch (error) {
      // Not in this directory.
      if (!(error instanceof Error)) throw error;
    }
  }
  throw unavailable('there is no program keyctl on PATH; install keyutils');
}

function unavailable(reason: string): VaultError {
  const message = `the kernel keyring cannot be used: ${reason}; choose another vault with --backend`;
  return new VaultError('KEYRING_UNAVAILABLE', message, { details: { backend: 'keyctl' } });
}
