import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { canonicalDirectory } from '../directory.ts';
import { VaultError } from '../errors.ts';
import { itemFiles, readItemFile } from './file-disk.ts';
import { AWS_VAULT_ROUNDS, parseJwe, unwrapKey, type WrappedKey, wrapKey, wrappingKey } from './jwe.ts';
import { memoryDirectories, memoryDirectory } from './memory-directory.ts';

type Env = Readonly<Record<string, string | undefined>>;
type Derivation = Pick<WrappedKey, 'salt' | 'rounds'>;

/** A file of the cache: encoded bytes. */
type Content = { readonly secret: string; readonly keys: Readonly<Record<string, string>> };

const FILE_START = 'keys-';
const SECRET_BYTES = 32;
const KEYS_MAX = 1024;
/** Far more than so many keys need. */
const FILE_MAX_BYTES = 512 * 1024;
/** A key that is derived faster than it is looked up is not kept. */
const ROUNDS_MIN = 2 * AWS_VAULT_ROUNDS + 1;

/**
 * Wrapping keys of one file vault that were derived before, so that only the first process waits for a derivation that is meant
 * to be slow. They lie in memory only (see memoryDirectory), each encrypted under the passphrase and a random secret that lies
 * beside them, with aws-vault's rounds: who has the vault's files has no use of them, and who can read this user's memory still
 * needs the passphrase. Where there is no such place, nothing is found and nothing is kept.
 *
 * A cache: whatever is wrong with it only means that a key is derived anew, and two writers may lose each other's keys.
 */
export class DerivedKeys {
  readonly #dir: string;
  readonly #env: Env;
  readonly #isOff: boolean;
  #own: { readonly secret: string; readonly passphrase: string; readonly key: Buffer } | undefined;
  #isPruned = false;

  /** `dir`: the vault's. @throws VaultError CONFIG_INVALID for a KEYTURN_KEY_CACHE that is neither `on` nor `off` */
  constructor(dir: string, env: Env) {
    this.#dir = dir;
    this.#env = env;
    this.#isOff = isOff(env.KEYTURN_KEY_CACHE || 'on');
  }

  /** Undefined where it is not kept, and where the passphrase is another one. */
  find(passphrase: string, derivation: Derivation): Buffer | undefined {
    const place = this.#place({ isMade: false, derivation });
    const content = place === undefined ? undefined : read(place);
    const wrapped = content?.keys[nameOf(derivation)];
    if (content === undefined || wrapped === undefined) return undefined;
    return unwrapKey(Buffer.from(wrapped, 'base64url'), this.#ownKey(passphrase, content.secret));
  }

  /** To be called with a key that has opened an item, or that one is about to be written with. */
  keep(passphrase: string, derivation: Derivation, key: Buffer): void {
    const place = this.#place({ isMade: true, derivation });
    if (place === undefined) return;
    const { secret, keys } = read(place) ?? { secret: newSecret(), keys: {} };
    const wrapped = wrapKey(key, this.#ownKey(passphrase, secret)).toString('base64url');
    const others = Object.entries(this.#isPruned ? keys : this.#ofItems(keys));
    this.#isPruned = true;
    const all = [...others, [nameOf(derivation), wrapped] as const];
    write(place, { secret, keys: Object.fromEntries(all.slice(-KEYS_MAX)) });
  }

  /** The item is gone or was replaced. */
  drop(text: string): void {
    const jwe = parseJwe(text);
    const place = typeof jwe === 'string' ? undefined : this.#place({ isMade: false, derivation: jwe });
    const content = place === undefined ? undefined : read(place);
    if (typeof jwe === 'string' || place === undefined || content === undefined) return;
    const { [nameOf(jwe)]: dropped, ...keys } = content.keys;
    if (dropped !== undefined) write(place, { ...content, keys });
  }

  /** Where the keys lie; undefined where they do not, or the key is not worth it. */
  #place({ isMade, derivation }: { readonly isMade: boolean; readonly derivation: Derivation }): string | undefined {
    if (this.#isOff || derivation.rounds < ROUNDS_MIN) return undefined;
    const directory = memoryDirectory(this.#env, { isMade });
    return directory === undefined ? undefined : `${directory}/${fileName(this.#dir)}`;
  }

  #ownKey(passphrase: string, secret: string): Buffer {
    if (this.#own?.secret !== secret || this.#own.passphrase !== passphrase) {
      const key = wrappingKey(passphrase, Buffer.from(secret, 'base64url'), AWS_VAULT_ROUNDS);
      this.#own = { secret, passphrase, key };
    }
    return this.#own.key;
  }

  /** Less those of items that another program has replaced or removed. */
  #ofItems(keys: Content['keys']): Content['keys'] {
    const names = new Set<string>();
    for (const file of itemFiles(this.#dir)) {
      const jwe = parseJwe(textOf(this.#dir, file));
      if (typeof jwe !== 'string') names.add(nameOf(jwe));
    }
    return Object.fromEntries(Object.entries(keys).filter(([name]) => names.has(name)));
  }
}

/** Drops what is kept of all file vaults of this user, or of the one in `dir`. */
export function forgetDerivedKeys(env: Env, dir?: string): void {
  for (const directory of memoryDirectories(env)) {
    const start = dir === undefined ? FILE_START : fileName(dir);
    for (const name of readdirSync(directory).filter((file) => file.startsWith(start))) {
      rmSync(`${directory}/${name}`, { force: true });
    }
  }
}

function isOff(setting: string): boolean {
  if (setting === 'on' || setting === 'off') return setting === 'off';
  const message = `KEYTURN_KEY_CACHE is ${JSON.stringify(setting.slice(0, 40))}, and must be on or off`;
  throw new VaultError('CONFIG_INVALID', message);
}

function nameOf({ salt, rounds }: Derivation): string {
  return `${rounds} ${salt.toString('base64url')}`;
}

/** One for each vault. */
function fileName(dir: string): string {
  const { createHash } = process.getBuiltinModule('node:crypto');
  return `${FILE_START}${createHash('sha256').update(canonicalDirectory(dir)).digest('hex').slice(0, 32)}`;
}

function newSecret(): string {
  return process.getBuiltinModule('node:crypto').randomBytes(SECRET_BYTES).toString('base64url');
}

/** Undefined for one that is missing, that somebody else could have written, or that is not what is written here. */
function read(path: string): Content | undefined {
  try {
    const file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { uid, mode, size } = fstatSync(file);
      const isOwn = uid === process.geteuid?.() && (mode & 0o177077) === constants.S_IFREG;
      return isOwn && size <= FILE_MAX_BYTES ? parse(readFileSync(file, 'utf8')) : undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined; // the key is derived anew, and takes the place of whatever lies there
  }
}

/** @throws SyntaxError */
function parse(text: string): Content | undefined {
  const content: { readonly secret?: unknown; readonly keys?: unknown } | null = JSON.parse(text);
  const { secret, keys } = content ?? {};
  if (typeof secret !== 'string' || Buffer.from(secret, 'base64url').length !== SECRET_BYTES) return undefined;
  if (typeof keys !== 'object' || keys === null) return undefined;
  const isText = (pair: [string, unknown]): pair is [string, string] => typeof pair[1] === 'string';
  return { secret, keys: Object.fromEntries(Object.entries(keys).filter(isText)) };
}

/** As a whole, so that no reader sees half of it. */
function write(path: string, content: Content): void {
  const { randomBytes } = process.getBuiltinModule('node:crypto');
  const temporary = `${path}.${randomBytes(8).toString('hex')}`;
  try {
    writeFileSync(temporary, JSON.stringify(content), { flag: 'wx', mode: 0o600 });
    renameSync(temporary, path);
  } catch {
    removeQuietly(temporary); // no room, say: the next process derives the key again
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // it was never made
  }
}

function textOf(dir: string, file: string): string {
  try {
    return readItemFile(dir, file) ?? '';
  } catch {
    return ''; // one that may not be read was not opened either
  }
}
