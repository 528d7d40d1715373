import { isUtf8 } from 'node:buffer';
import { createHash, randomBytes } from 'node:crypto';
import { VaultError } from '../errors.ts';
import type { Keyring, KeyringItem } from './keyring.ts';
import { loadNativeCalls } from './native-library.ts';
import { CREDENTIAL_BYTES_MAX, type CredentialManager, credentialManager } from './wincred-api.ts';

export type WincredOptions = {
  /** What the targets begin with; aws-vault's is `aws-vault:aws-vault:`. */
  readonly prefix?: string;
  /** Ends each call with CANCELLED; none of them waits. */
  readonly signal: AbortSignal;
  readonly manager?: CredentialManager;
};

/** aws-vault's program and the name of its keyring. */
const PREFIX = 'aws-vault:aws-vault:';
/** Before the parts of long values: another name, because aws-vault would list them as keys. */
const PARTS_PREFIX = 'keyturn-part:';
const READS = 3;

/** What stands in a credential whose value is longer than Windows takes. */
type Parts = { readonly parts: number; readonly id: string; readonly sha256: string };

/**
 * The Windows Credential Manager in aws-vault's layout: generic credentials `aws-vault:aws-vault:KEY`, the data as it is. Values
 * that are too long for one lie in several of their own, under a name that is new with each write; the credential that aws-vault
 * would use names them and their hash. It is written last and as a whole, so a value is the old one or the new one.
 * @throws VaultError KEYRING_UNAVAILABLE, KEYRING_DENIED
 */
export function wincredKeyring({ prefix = PREFIX, signal, manager }: WincredOptions): Keyring {
  const libraries = { advapi32: 'advapi32.dll', kernel32: 'kernel32.dll' };
  return new WincredKeyring(prefix, manager ?? credentialManager(loadNativeCalls(), libraries), signal);
}

class WincredKeyring implements Keyring {
  readonly #prefix: string;
  readonly #manager: CredentialManager;
  readonly #signal: AbortSignal;

  constructor(prefix: string, manager: CredentialManager, signal: AbortSignal) {
    this.#prefix = prefix;
    this.#manager = manager;
    this.#signal = signal;
  }

  async get(key: string): Promise<KeyringItem | undefined> {
    this.#check();
    if (!isName(key)) return undefined;
    for (let read = 1; ; read += 1) {
      const found = this.#manager.read(this.#prefix + key);
      if (found === undefined) return undefined;
      const parts = partsOf(found.secret);
      const secret = parts === undefined ? found.secret : this.#joined(key, parts);
      // Between our two reads somebody may have written anew, and taken the old parts away.
      if (secret === undefined && read < READS) continue;
      if (secret === undefined) throw corrupt(key, 'a part of it is missing');
      if (!isUtf8(secret)) throw corrupt(key, 'it is not text');
      const [label = '', description] = found.comment.split('\n');
      return { key, data: secret.toString('utf8'), label, ...(description && { description }) };
    }
  }

  async set({ key, data, label, description }: KeyringItem): Promise<void> {
    this.#check();
    if (!isName(key) || !data.isWellFormed()) {
      const message = `${JSON.stringify(key)} cannot be kept: its name or its secret is not valid text`;
      throw new VaultError('USAGE', message, { details: { backend: 'wincred' } });
    }
    const secret = Buffer.from(data);
    const comment = description === undefined ? label : `${label}\n${description}`;
    const before = this.#parts(key);
    // What could be taken for the name of parts is kept in parts itself.
    const isLong = secret.length > CREDENTIAL_BYTES_MAX || partsOf(secret) !== undefined;
    const content = isLong ? this.#split(key, secret) : secret;
    this.#manager.write({ target: this.#prefix + key, secret: content, comment });
    for (const target of before) this.#manager.remove(target);
  }

  async remove(key: string): Promise<boolean> {
    this.#check();
    if (!isName(key)) return false;
    const isRemoved = this.#manager.remove(this.#prefix + key);
    for (const target of this.#parts(key)) this.#manager.remove(target);
    return isRemoved;
  }

  async keys(): Promise<string[]> {
    this.#check();
    return this.#manager.list(this.#prefix).map(({ target }) => target.slice(this.#prefix.length));
  }

  async modifiedAt(keys: readonly string[]): Promise<ReadonlyMap<string, Date>> {
    this.#check();
    const wanted = new Set(keys.map((key) => this.#prefix + key));
    const found = this.#manager.list(this.#prefix).filter(({ target }) => wanted.has(target));
    return new Map(found.map(({ target, writtenAt }) => [target.slice(this.#prefix.length), writtenAt]));
  }

  /** Writes the parts of a value; what has to stand in its credential. */
  #split(key: string, secret: Buffer): Buffer {
    const id = randomBytes(12).toString('hex');
    const count = Math.ceil(secret.length / CREDENTIAL_BYTES_MAX);
    for (let index = 0; index < count; index += 1) {
      const part = secret.subarray(index * CREDENTIAL_BYTES_MAX, (index + 1) * CREDENTIAL_BYTES_MAX);
      this.#manager.write({ target: this.#partTarget(key, id, index), secret: part, comment: `a part of ${key}` });
    }
    const named: Parts = { parts: count, id, sha256: hash(secret) };
    return Buffer.from(JSON.stringify({ keyturn: named }));
  }

  #joined(key: string, { parts, id, sha256 }: Parts): Buffer | undefined {
    const found = Array.from({ length: parts }, (_, index) => this.#manager.read(this.#partTarget(key, id, index)));
    const secret = Buffer.concat(found.map((part) => part?.secret ?? Buffer.alloc(0)));
    return hash(secret) === sha256 ? secret : undefined;
  }

  /** Those of the present value, and of writes that were interrupted. */
  #parts(key: string): string[] {
    return this.#manager.list(this.#partTarget(key)).map(({ target }) => target);
  }

  /** The key in hexadecimal: no other's then begins like it, and Windows' names do not tell `a` from `A`. */
  #partTarget(key: string, id?: string, index?: number): string {
    const target = `${PARTS_PREFIX}${Buffer.from(this.#prefix + key).toString('hex')}:`;
    return id === undefined ? target : `${target}${id}:${index}`;
  }

  #check(): void {
    if (this.#signal.aborted) throw new VaultError('CANCELLED', 'cancelled; nothing was changed');
  }
}

function partsOf(secret: Buffer): Parts | undefined {
  const match = /^\{"keyturn":\{"parts":(\d{1,3}),"id":"([0-9a-f]{24})","sha256":"([0-9a-f]{64})"\}\}$/.exec(
    secret.toString('latin1'),
  );
  const [, parts, id, sha256] = match ?? [];
  return id === undefined || sha256 === undefined ? undefined : { parts: Number(parts), id, sha256 };
}

function hash(secret: Buffer): string {
  return createHash('sha256').update(secret).digest('hex');
}

/** Windows takes no NUL in a name, and 32,767 characters. */
function isName(key: string): boolean {
  return key !== '' && key.isWellFormed() && !key.includes('\0') && key.length < 30_000;
}

function corrupt(key: string, reason: string): VaultError {
  const message = `Windows' credential for ${JSON.stringify(key)} cannot be used: ${reason}; remove it and add it again`;
  return new VaultError('KEYRING_CORRUPT', message, { details: { backend: 'wincred' } });
}
