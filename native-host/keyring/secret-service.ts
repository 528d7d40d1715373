import { VaultError } from '../errors.ts';
import { type BusConnection, connectSessionBus } from './dbus.ts';
import { entriesOf, list, type WireValue } from './dbus-wire.ts';
import type { Keyring, KeyringItem } from './keyring.ts';
import { openSecretService, SERVICE_INTERFACE, type SecretServiceClient } from './secret-service-client.ts';
import { asKeyringError, isDbusError, lockedError } from './secret-service-error.ts';
import { decodeItem, encodeItem, ITEM_CONTENT_TYPE } from './secret-service-item.ts';
import { NO_PROMPT } from './secret-service-prompt.ts';
import { SECRETS, sessionKeys } from './secret-service-session.ts';

type Env = Readonly<Record<string, string | undefined>>;

export type SecretServiceOptions = {
  /** Name of the collection; aws-vault's is `awsvault`. */
  readonly collection: string;
  readonly env: Env;
  /** Ends every wait of the keyring with CANCELLED. */
  readonly signal: AbortSignal;
  /** Whether the service may ask the person; else a locked keyring is KEYRING_LOCKED at once. Default true. */
  readonly mayAsk?: boolean;
  /** How long the person may take to answer the keyring's own question. Default 120000. */
  readonly promptTimeoutMs?: number;
  /** How long the service may take for anything else. Default 5000. */
  readonly callTimeoutMs?: number;
};

/** The attribute by which aws-vault finds an item; its value is the key. */
const KEY_ATTRIBUTE = 'profile';
const PROMPT_TIMEOUT_MS = 120_000;
const CALL_TIMEOUT_MS = 5_000;
const LOOKUPS = 3;
/** A bus may allow as few as 128 calls of one connection to wait for their answers. */
const CALLS_AT_ONCE = 64;
export const COLLECTION_INTERFACE = 'org.freedesktop.Secret.Collection';
const ITEM_INTERFACE = 'org.freedesktop.Secret.Item';

/**
 * The keyring of the desktop (gnome-keyring, KWallet, KeePassXC) over the Secret Service, in aws-vault's layout. `close` it
 * when done; after the session bus or `signal` has ended, open a new one.
 * @throws VaultError KEYRING_UNAVAILABLE, CANCELLED, TIMEOUT
 * @see https://specifications.freedesktop.org/secret-service-spec/latest/
 */
export async function secretServiceKeyring(options: SecretServiceOptions): Promise<Keyring & { close(): void }> {
  const { collection, env, signal, promptTimeoutMs = PROMPT_TIMEOUT_MS, callTimeoutMs = CALL_TIMEOUT_MS } = options;
  const { mayAsk = true } = options;
  let bus: BusConnection | undefined;
  try {
    let keys: ReturnType<typeof sessionKeys> | undefined;
    const meanwhile = () => {
      keys = sessionKeys();
    };
    bus = await connectSessionBus(env, { signal, timeoutMs: callTimeoutMs, meanwhile });
    const service = await openSecretService(bus, { collection, promptTimeoutMs, mayAsk, keys });
    return new SecretServiceKeyring(service, collection);
  } catch (error) {
    bus?.close();
    throw asKeyringError(error, bus?.address ?? '');
  }
}

class SecretServiceKeyring implements Keyring {
  readonly #service: SecretServiceClient;
  readonly #name: string;
  #path: string;

  constructor(service: SecretServiceClient, collection: string) {
    this.#service = service;
    this.#name = collection;
    this.#path = `${SECRETS.path}/collection/${pathElement(collection)}`;
  }

  get(key: string): Promise<KeyringItem | undefined> {
    return this.#run(async () => {
      for (let lookup = 1; ; lookup += 1) {
        const [item] = (await this.#search(key)) ?? [];
        if (item === undefined) return undefined;
        try {
          return decodeItem(key, await this.#secret(item));
        } catch (error) {
          // A writer may have replaced the item between our two calls.
          if (!isGone(error) || lookup === LOOKUPS) throw error;
        }
      }
    });
  }

  set(item: KeyringItem): Promise<void> {
    return this.#run(async () => {
      let before = await this.#search(item.key);
      if (before === undefined) {
        await this.#service.once('create', () => this.#createCollection());
        before = [];
      }
      const created = await this.#createItem(item);
      // A service replaces only an item whose attributes are exactly ours; one with more of them would stay beside the new one.
      await Promise.all(before.filter((old) => old !== created).map((old) => this.#delete(old)));
    });
  }

  remove(key: string): Promise<boolean> {
    return this.#run(async () => {
      const items = (await this.#search(key)) ?? [];
      return (await Promise.all(items.map((item) => this.#delete(item)))).includes(true);
    });
  }

  async keys(): Promise<string[]> {
    const keys = new Set<string>();
    await this.#eachItem((key) => keys.add(key));
    return [...keys];
  }

  async modifiedAt(keys: readonly string[]): Promise<ReadonlyMap<string, Date>> {
    const wanted = new Set(keys);
    const dates = new Map<string, Date>();
    await this.#eachItem(async (key, item) => {
      if (!wanted.has(key)) return;
      const seconds = Number(await this.#service.property(item, ITEM_INTERFACE, 'Modified'));
      // A service that does not keep it says 0.
      if (seconds > 0) dates.set(key, new Date(seconds * 1000));
    });
    return dates;
  }

  close(): void {
    this.#service.bus.close();
  }

  /** Calls `take` for every item of ours that is still there when it is looked at. */
  #eachItem(take: (key: string, item: string) => unknown): Promise<void> {
    return this.#run(async () => {
      const left = ((await this.#inCollection((path) => this.#items(path))) ?? []).values();
      const read = async () => {
        for (const item of left) {
          const key = await this.#keyOf(item);
          if (key !== undefined) await take(key, item);
        }
      };
      await Promise.all(Array.from({ length: CALLS_AT_ONCE }, read));
    });
  }

  async #run<T>(operation: () => Promise<T>): Promise<T> {
    try {
      return await operation();
    } catch (error) {
      throw asKeyringError(error, this.#service.bus.address);
    }
  }

  /** The items with this key, of an unlocked collection; undefined where there is no collection. */
  async #search(key: string): Promise<readonly string[] | undefined> {
    if (key.includes('\0') || !key.isWellFormed()) {
      throw new VaultError('USAGE', `the name ${JSON.stringify(key)} cannot be kept in a keyring; choose another one`);
    }
    const query = [new Map([[KEY_ATTRIBUTE, key]])];
    const search = (path: string) =>
      this.#readUnlocked(path, async () =>
        paths((await this.#service.call(path, `${COLLECTION_INTERFACE}.SearchItems`, 'a{ss}', query)).body[0]),
      );
    return this.#inCollection(search);
  }

  #items(path: string): Promise<readonly string[]> {
    return this.#readUnlocked(path, async () =>
      paths(await this.#service.property(path, COLLECTION_INTERFACE, 'Items')),
    );
  }

  /** What `read` finds in the collection once it is unlocked: some services show a locked one as empty. */
  async #readUnlocked<T>(path: string, read: () => Promise<T>): Promise<T> {
    const lockedAndFound = () => Promise.all([this.#service.property(path, COLLECTION_INTERFACE, 'Locked'), read()]);
    try {
      const [isLocked, found] = await lockedAndFound();
      if (isLocked === false) return found;
    } catch (error) {
      if (!isDbusError(error, 'IsLocked')) throw error;
    }
    await this.#service.unlock(path);
    const [isLocked, found] = await lockedAndFound();
    if (isLocked === false) return found;
    throw lockedError(`the keyring "${this.#name}" is still locked`);
  }

  /** `use` on the collection, which is where aws-vault has it or, if nothing is there, wherever one has its name as label. */
  async #inCollection<T>(use: (path: string) => Promise<T>): Promise<T | undefined> {
    try {
      return await use(this.#path);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
    const found = await this.#pathByLabel();
    if (found === undefined) return undefined;
    this.#path = found;
    return use(found);
  }

  async #pathByLabel(): Promise<string | undefined> {
    const collections = paths(await this.#service.property(SECRETS.path, SERVICE_INTERFACE, 'Collections'));
    const labels = await Promise.allSettled(
      collections.map((path) => this.#service.property(path, COLLECTION_INTERFACE, 'Label')),
    );
    return collections.find((_, index) => {
      const label = labels[index];
      return label?.status === 'fulfilled' && label.value === this.#name;
    });
  }

  async #createCollection(): Promise<void> {
    // Another process may have made it since we looked, and a second one of the same name would hide the first.
    const existing = await this.#pathByLabel();
    if (existing !== undefined) {
      this.#path = existing;
      return;
    }
    const label = new Map([[`${COLLECTION_INTERFACE}.Label`, { signature: 's', value: this.#name }]]);
    const reply = await this.#service.call(SECRETS.path, `${SERVICE_INTERFACE}.CreateCollection`, 'a{sv}s', [
      label,
      '',
    ]);
    const [path, prompt] = reply.body;
    const about = {
      what: `the keyring "${this.#name}" does not exist yet, and who makes it is asked for its new password,`,
      remedy: 'store the first key once from a terminal of the desktop itself',
    };
    this.#path = String(prompt === NO_PROMPT ? path : await this.#service.answer(reply, prompt, about));
  }

  async #createItem(item: KeyringItem): Promise<WireValue> {
    const properties = new Map<string, WireValue>([
      [`${ITEM_INTERFACE}.Label`, { signature: 's', value: item.key }],
      [`${ITEM_INTERFACE}.Attributes`, { signature: 'a{ss}', value: new Map([[KEY_ATTRIBUTE, item.key]]) }],
    ]);
    const reply = await this.#service.whenUnlocked(this.#path, (session) => {
      const secret = session.encrypt(encodeItem(item), ITEM_CONTENT_TYPE);
      return this.#service.call(this.#path, `${COLLECTION_INTERFACE}.CreateItem`, 'a{sv}(oayays)b', [
        properties,
        secret,
        true,
      ]);
    });
    const [path, prompt] = reply.body;
    if (prompt === NO_PROMPT) return String(path);
    return this.#service.answer(reply, prompt, `the item ${JSON.stringify(item.key)} has to be allowed`);
  }

  async #secret(item: string): Promise<Buffer> {
    return this.#service.whenUnlocked(item, async (session) => {
      const reply = await this.#service.call(item, `${ITEM_INTERFACE}.GetSecret`, 'o', [session.path]);
      return session.decrypt(reply.body[0]);
    });
  }

  /** Whether the item was there to be deleted. */
  async #delete(item: string): Promise<boolean> {
    try {
      const reply = await this.#service.whenUnlocked(item, () => this.#service.call(item, `${ITEM_INTERFACE}.Delete`));
      const [prompt] = reply.body;
      if (prompt !== NO_PROMPT) await this.#service.answer(reply, prompt, 'the removal of an item has to be allowed');
      return true;
    } catch (error) {
      if (isGone(error)) return false;
      throw error;
    }
  }

  async #keyOf(item: string): Promise<string | undefined> {
    try {
      const key = entriesOf(await this.#service.property(item, ITEM_INTERFACE, 'Attributes')).get(KEY_ATTRIBUTE);
      return typeof key === 'string' ? key : undefined;
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }
}

/** Letters and digits stand for themselves in a collection's path, and every other byte for `_` and its two hex digits. */
export function pathElement(name: string): string {
  const escaped = (byte: number) => `_${byte.toString(16).padStart(2, '0')}`;
  return Array.from(Buffer.from(name), (byte) => {
    const letter = String.fromCharCode(byte);
    return /[A-Za-z0-9]/.test(letter) ? letter : escaped(byte);
  }).join('');
}

function paths(value: WireValue | undefined): readonly string[] {
  return list(value).map(String);
}

/** Whether the object called is not there (any more); services say so in different words. */
export function isGone(error: unknown): boolean {
  return isDbusError(error, 'NoSuchObject', 'UnknownObject', 'UnknownMethod', 'UnknownInterface');
}
