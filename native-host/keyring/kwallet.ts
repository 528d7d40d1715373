import { type BusConnection, connectSessionBus } from './dbus.ts';
import { DbusError } from './dbus-error.ts';
import { list, type WireValue } from './dbus-wire.ts';
import { formatItem, parseItem } from './item-json.ts';
import type { Keyring, KeyringItem } from './keyring.ts';
import { asKwalletError, kwalletError } from './kwallet-error.ts';

type Env = Readonly<Record<string, string | undefined>>;

export type KwalletOptions = {
  readonly env: Env;
  /** The wallet, the folder in it and what the program calls itself; aws-vault's are all `aws-vault`. */
  readonly name?: string;
  /** Ends every wait with CANCELLED. */
  readonly signal: AbortSignal;
  /** How long the person may take to open the wallet. Default 120000. */
  readonly promptTimeoutMs?: number;
  /** How long KWallet may take for anything else. Default 5000. */
  readonly callTimeoutMs?: number;
};

/** aws-vault's wallet, folder and name of the application. */
export const KWALLET_NAME = 'aws-vault';
const INTERFACE = 'org.kde.KWallet';
/** KDE 6's daemon, and KDE 5's, which is what aws-vault speaks to; where both are, they serve the same wallets. */
const SERVICES = ['kwalletd6', 'kwalletd5'];
const PROMPT_TIMEOUT_MS = 120_000;
const CALL_TIMEOUT_MS = 5_000;

/**
 * KDE's wallet over D-Bus, in aws-vault's layout. `close` it when done.
 * @throws VaultError KEYRING_UNAVAILABLE (no bus, no KWallet, switched off), CANCELLED, TIMEOUT
 * @see https://invent.kde.org/frameworks/kwallet/-/blob/master/src/api/KWallet/org.kde.KWallet.xml
 */
export async function kwalletKeyring(options: KwalletOptions): Promise<Keyring & { close(): void }> {
  const { env, signal, promptTimeoutMs = PROMPT_TIMEOUT_MS, callTimeoutMs = CALL_TIMEOUT_MS } = options;
  if (env.DISABLE_KWALLET === '1') throw kwalletError('KEYRING_UNAVAILABLE', 'DISABLE_KWALLET=1 switches KWallet off');
  let bus: BusConnection | undefined;
  try {
    bus = await connectSessionBus(env, { signal, timeoutMs: callTimeoutMs });
    const service = await findService(bus);
    return new KwalletKeyring(bus, { service, name: options.name ?? KWALLET_NAME, promptTimeoutMs });
  } catch (error) {
    bus?.close();
    throw asKwalletError(error, bus?.address ?? '');
  }
}

/** The first daemon that answers, started by the bus where it can be, and is switched on. */
async function findService(bus: BusConnection): Promise<string> {
  let failure: unknown;
  for (const service of SERVICES) {
    try {
      const reply = await bus.call({ ...target(service), member: 'isEnabled' });
      if (reply.body[0] === true) return service;
      failure = kwalletError('KEYRING_UNAVAILABLE', "KWallet is switched off in KDE's system settings; switch it on");
    } catch (error) {
      if (!(error instanceof DbusError)) throw error;
      failure ??= error;
    }
  }
  throw failure;
}

/**
 * Whether the wallet would open, without asking anybody. `none`: it is made when the first key is stored.
 * @throws VaultError KEYRING_UNAVAILABLE, TIMEOUT
 */
export async function lookAtKwallet(options: KwalletOptions): Promise<'open' | 'locked' | 'none'> {
  const { env, signal, name = KWALLET_NAME, callTimeoutMs = CALL_TIMEOUT_MS } = options;
  if (env.DISABLE_KWALLET === '1') throw kwalletError('KEYRING_UNAVAILABLE', 'DISABLE_KWALLET=1 switches KWallet off');
  let bus: BusConnection | undefined;
  try {
    bus = await connectSessionBus(env, { signal, timeoutMs: callTimeoutMs });
    const service = target(await findService(bus));
    const wallets = await bus.call({ ...service, member: 'wallets' });
    if (!list(wallets.body[0]).includes(name)) return 'none';
    const answer = await bus.call({ ...service, member: 'isOpen', signature: 's', body: [name] });
    return answer.body[0] === true ? 'open' : 'locked';
  } catch (error) {
    throw asKwalletError(error, bus?.address ?? '');
  } finally {
    bus?.close();
  }
}

function target(service: string) {
  return { destination: `org.kde.${service}`, path: `/modules/${service}`, interface: INTERFACE };
}

class KwalletKeyring implements Keyring {
  readonly #bus: BusConnection;
  readonly #service: string;
  readonly #name: string;
  readonly #promptTimeoutMs: number;
  #opening: Promise<number> | undefined;

  constructor(bus: BusConnection, of: { readonly service: string; readonly name: string; promptTimeoutMs: number }) {
    this.#bus = bus;
    this.#service = of.service;
    this.#name = of.name;
    this.#promptTimeoutMs = of.promptTimeoutMs;
  }

  async get(key: string): Promise<KeyringItem | undefined> {
    if (key.includes('\0')) return undefined;
    const bytes = await this.#read('readEntry', [key]);
    if (!(bytes instanceof Uint8Array) || bytes.length === 0) return undefined;
    const item = parseItem(Buffer.from(bytes), key);
    if (typeof item !== 'string') return { ...item, key };
    const message = `the entry ${JSON.stringify(key)} of KWallet's wallet ${this.#name} is not one of Keyturn or aws-vault; remove it in KWalletManager, or with remove and add it again`;
    throw kwalletError('KEYRING_CORRUPT', message);
  }

  async set(item: KeyringItem): Promise<void> {
    if (item.key === '' || !item.key.isWellFormed() || !item.data.isWellFormed() || item.key.includes('\0')) {
      const message = `${JSON.stringify(item.key)} cannot be kept: its name or its secret is not valid text`;
      throw kwalletError('USAGE', message);
    }
    await this.#withWallet(async (handle) => {
      if ((await this.#call('hasFolder', 'iss', [handle, this.#name, this.#name])) !== true) {
        await this.#call('createFolder', 'iss', [handle, this.#name, this.#name]);
      }
      const entry = [handle, this.#name, item.key, Buffer.from(formatItem(item)), this.#name];
      const status = await this.#call('writeEntry', 'issays', entry);
      if (status === 0) await this.#sync(handle);
      return status === 0;
    });
  }

  async remove(key: string): Promise<boolean> {
    if ((await this.#read('hasEntry', [key])) !== true) return false;
    return this.#withWallet(async (handle) => {
      const status = await this.#call('removeEntry', 'isss', [handle, this.#name, key, this.#name]);
      await this.#sync(handle);
      return status === 0;
    });
  }

  async keys(): Promise<string[]> {
    return list((await this.#read('entryList', [])) ?? []).map(String);
  }

  close(): void {
    const opening = this.#opening;
    const leave = (handle: number): void => {
      this.#bus.post({
        ...target(this.#service),
        member: 'close',
        signature: 'ibs',
        body: [handle, false, this.#name],
      });
      this.#bus.close();
    };
    // Without a wallet that is open there is nothing to take leave of.
    if (opening === undefined) this.#bus.close();
    else void opening.then(leave, () => this.#bus.close());
  }

  /** What an entry, or the folder, holds. A wallet that was never made is not made, and nobody is asked, to find it empty. */
  async #read(method: 'readEntry' | 'hasEntry' | 'entryList', key: readonly string[]): Promise<WireValue | undefined> {
    const wallets = await this.#call('wallets', '', []);
    if (!list(wallets).includes(this.#name)) return undefined;
    let answer: WireValue | undefined;
    await this.#withWallet(async (handle) => {
      answer = await this.#call(method, `is${'s'.repeat(key.length)}s`, [handle, this.#name, ...key, this.#name]);
      // To a wallet that was closed meanwhile KWallet answers as to an empty one.
      return (await this.#call('isOpen', 'i', [handle])) === true;
    });
    return answer;
  }

  /** `use`, which says whether it worked; once more with the wallet opened anew where it has been closed meanwhile. */
  async #withWallet(use: (handle: number) => Promise<boolean>): Promise<boolean> {
    if (await use(await this.#open())) return true;
    this.#opening = undefined;
    if (await use(await this.#open())) return true;
    throw kwalletError('KEYRING_LOCKED', `KWallet's wallet ${this.#name} was closed in the middle; open it and repeat`);
  }

  /** The handle of the wallet, which the person may have to open first. */
  #open(): Promise<number> {
    this.#opening ??= this.#openNow().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  async #openNow(): Promise<number> {
    const open = this.#call('open', 'sxs', [this.#name, 0n, this.#name], this.#promptTimeoutMs);
    const handle = await open.catch((error: unknown) => {
      const isUnanswered = error instanceof Error && 'code' in error && error.code === 'TIMEOUT';
      if (!isUnanswered) throw error;
      const message = `KWallet's wallet ${this.#name} is locked, and nobody opened it in ${this.#promptTimeoutMs / 1000} s; open it in KWalletManager, or choose the encrypted file with --backend file`;
      throw kwalletError('KEYRING_LOCKED', message, error);
    });
    if (typeof handle === 'number' && handle >= 0) return handle;
    const message = `KWallet refused to open the wallet ${this.#name}; allow it, or choose the encrypted file with --backend file`;
    throw kwalletError('KEYRING_DENIED', message);
  }

  /** Without this, KWallet writes to disk some seconds later, or never. */
  async #sync(handle: number): Promise<void> {
    this.#bus.post({ ...target(this.#service), member: 'sync', signature: 'is', body: [handle, this.#name] });
    // It answers nothing; calls are worked off in order.
    await this.#call('isOpen', 'i', [handle]);
  }

  async #call(
    member: string,
    signature: string,
    body: readonly WireValue[],
    timeoutMs?: number,
  ): Promise<WireValue | undefined> {
    try {
      const timeout = timeoutMs === undefined ? {} : { timeoutMs };
      const reply = await this.#bus.call({ ...target(this.#service), member, signature, body, ...timeout });
      return reply.body[0];
    } catch (error) {
      throw asKwalletError(error, this.#bus.address);
    }
  }
}
