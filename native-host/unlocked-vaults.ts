import { canonicalDirectory } from './directory.ts';
import { newSalt, unwrapKey, wrapKey, wrappingKeyLater } from './keyring/jwe.ts';
import { emptyVault, type KeyHolder, lockedVault, wrongPassphrase } from './keyring/key-holder.ts';
import { opensAny } from './keyring/open-item.ts';
import { strongRounds } from './keyring/rounds.ts';
import type { Settings } from './settings.ts';

export type UnlockOptions = {
  readonly lockAfterSeconds: number;
  /** Whether the passphrase may be the first of a vault that is empty yet, so that nothing can prove it. */
  readonly mayBeFirst: boolean;
};

type Unlocked = {
  readonly passphrase: Buffer;
  /** Wrapping keys by salt and rounds: each is derived once. The oldest goes first. */
  readonly keys: Map<string, Promise<Buffer>>;
  readonly holder: KeyHolder;
  /** Set when it is locked: nobody who still has the holder gets a key. */
  isForgotten: boolean;
};

const KEYS_MAX = 1024;
const TICK_MS = 1000;
/** A tick that is later was not kept up by a busy machine, but by one that slept. */
const SUSPENDED_MS = 10_000;

/**
 * The file vaults that this process has the passphrase of: in memory only, until nobody has used them for as long as the person
 * said, until the machine was suspended (the clock has jumped), until somebody locks them, or until the process ends.
 */
export class UnlockedVaults {
  readonly #settings: Pick<Settings, 'stateDir' | 'fileRounds'>;
  readonly #vaults = new Map<string, Unlocked>();
  readonly #listeners = new Set<() => void>();
  #lockAfterSeconds = 0;
  #usedAt = 0;
  #lastTick = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(settings: Pick<Settings, 'stateDir' | 'fileRounds'>) {
    this.#settings = settings;
  }

  /** After how many idle seconds they lock; undefined while none is unlocked. */
  get lockAfterSeconds(): number | undefined {
    this.#lockWhenDue();
    return this.#vaults.size > 0 ? this.#lockAfterSeconds : undefined;
  }

  /**
   * Keeps the passphrase if it is the vault's.
   * @throws VaultError KEYRING_LOCKED (it is wrong), CREDENTIALS_NOT_FOUND (an empty vault cannot tell), KEYRING_*
   */
  async unlock(dir: string, text: string, { lockAfterSeconds, mayBeFirst }: UnlockOptions): Promise<void> {
    const passphrase = Buffer.from(text);
    const vault = this.#vaultOf(dir, passphrase);
    const fits = await opensAny(dir, vault.holder);
    if (fits === false || (fits === undefined && !mayBeFirst)) {
      forget(vault);
      throw fits === false ? wrongPassphrase(dir) : emptyVault(dir);
    }
    const name = canonicalDirectory(dir);
    const before = this.#vaults.get(name);
    if (before !== undefined) forget(before);
    this.#vaults.set(name, vault);
    this.#lockAfterSeconds = lockAfterSeconds;
    this.#usedAt = Date.now();
    this.#lastTick = this.#usedAt;
    this.#timer ??= setInterval(() => this.#lockWhenDue(), TICK_MS).unref();
    this.#tell();
  }

  /** Forgets all passphrases. Answers whether there was one. */
  lock(): boolean {
    if (this.#vaults.size === 0) return false;
    for (const vault of this.#vaults.values()) forget(vault);
    this.#vaults.clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#tell();
    return true;
  }

  /** Who has the passphrase of the vault in `dir`; undefined while it is locked. */
  holder(dir: string): KeyHolder | undefined {
    this.#lockWhenDue();
    return this.#vaults.get(canonicalDirectory(dir))?.holder;
  }

  /** Calls `listener` after every unlocking and locking. Answers how to stop that. */
  onChange(listener: () => void): () => void {
    const own = () => listener(); // so that one function may listen twice
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  #vaultOf(dir: string, passphrase: Buffer): Unlocked {
    const keyOf = async (salt: Buffer, rounds: number): Promise<Buffer> => {
      const key = await derivedKey(vault, salt, rounds);
      // The vault was locked meanwhile, and the key overwritten.
      if (vault.isForgotten) throw lockedVault(dir);
      return key;
    };
    const holder: KeyHolder = {
      unwrap: async ({ wrappedKey, salt, rounds }) => {
        const contentKey = unwrapKey(wrappedKey, await keyOf(salt, rounds));
        if (contentKey !== undefined) this.#usedAt = Date.now();
        return contentKey;
      },
      wrap: async (contentKey) => {
        const salt = newSalt();
        const { stateDir, fileRounds: asked } = this.#settings;
        const rounds = strongRounds({ stateDir, asked });
        const wrappedKey = wrapKey(contentKey, await keyOf(salt, rounds));
        this.#usedAt = Date.now();
        return { salt, rounds, wrappedKey };
      },
    };
    const vault: Unlocked = { passphrase, keys: new Map(), holder, isForgotten: false };
    return vault;
  }

  /** Also before every use: after a suspension a question may come sooner than the next tick. */
  #lockWhenDue(): void {
    if (this.#vaults.size === 0) return;
    const now = Date.now();
    const wasSuspended = Math.abs(now - this.#lastTick) > SUSPENDED_MS;
    const isIdle = now - this.#usedAt >= this.#lockAfterSeconds * 1000;
    this.#lastTick = now;
    if (wasSuspended || isIdle) this.lock();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** Each wrapping key is derived once; who asks for it meanwhile waits for the same. */
function derivedKey({ passphrase, keys, isForgotten }: Unlocked, salt: Buffer, rounds: number): Promise<Buffer> {
  const name = `${rounds} ${salt.toString('base64url')}`;
  const key = keys.get(name) ?? wrappingKeyLater(passphrase, salt, rounds);
  if (!isForgotten) keys.set(name, key);
  const [oldest] = keys.keys();
  if (keys.size > KEYS_MAX && oldest !== undefined) keys.delete(oldest);
  return key;
}

/** What can be overwritten is. */
function forget(vault: Unlocked): void {
  const { passphrase, keys } = vault;
  vault.isForgotten = true;
  passphrase.fill(0);
  for (const key of keys.values()) {
    key.then(
      (bytes) => bytes.fill(0),
      () => undefined, // told to who asked for it
    );
  }
  keys.clear();
}
