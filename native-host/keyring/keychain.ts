import { isUtf8 } from 'node:buffer';
import { VaultError } from '../errors.ts';
import { isShortLived } from './item-name.ts';
import { KeychainFile } from './keychain-api.ts';
import { unansweredError } from './keychain-error.ts';
import type { Keyring, KeyringItem } from './keyring.ts';
import { loadNativeCalls, type NativeCalls } from './native-library.ts';

export type KeychainOptions = {
  /** The keychain's name without `.keychain`; aws-vault's is `aws-vault`. */
  readonly name: string;
  readonly signal: AbortSignal;
  /** How long the person may take to answer the system's question. Default 120000. */
  readonly promptTimeoutMs?: number;
  readonly native?: { readonly koffi: NativeCalls; readonly security: string; readonly coreFoundation: string };
};

/** aws-vault's name for the service of its items. */
const SERVICE = 'aws-vault';
const PROMPT_TIMEOUT_MS = 120_000;
const FRAMEWORKS = '/System/Library/Frameworks';

/**
 * A keychain file of macOS in aws-vault's layout: generic passwords of the service `aws-vault`, the key as account, the data as
 * it is. The keychain is made when the first key is stored. It locks itself as its owner has set it in Keychain Access (when
 * made: after 5 minutes and at sleep), and then the system asks for its password: nothing here changes or goes around that.
 * @throws VaultError KEYRING_UNAVAILABLE where this is not macOS
 */
export function keychainKeyring(options: KeychainOptions): Keyring {
  return new KeychainKeyring(openFile(options));
}

/** Whether it would open, without asking anybody. `none`: it is made when the first key is stored. */
export async function lookAtKeychain(options: KeychainOptions): Promise<'open' | 'locked' | 'none'> {
  const isLocked = await openFile(options).isLocked();
  if (isLocked === undefined) return 'none';
  return isLocked ? 'locked' : 'open';
}

function openFile({ name, signal, promptTimeoutMs = PROMPT_TIMEOUT_MS, native }: KeychainOptions): KeychainFile {
  const { koffi, security, coreFoundation } = native ?? {
    koffi: loadNativeCalls(),
    security: `${FRAMEWORKS}/Security.framework/Security`,
    coreFoundation: `${FRAMEWORKS}/CoreFoundation.framework/CoreFoundation`,
  };
  const late = () => unansweredError(Math.ceil(promptTimeoutMs / 1000));
  const patience = { timeoutMs: promptTimeoutMs, signal, late };
  return new KeychainFile(
    koffi,
    { security, coreFoundation },
    { file: `${name}.keychain`, service: SERVICE, patience },
  );
}

class KeychainKeyring implements Keyring {
  readonly #file: KeychainFile;

  constructor(file: KeychainFile) {
    this.#file = file;
  }

  async get(key: string): Promise<KeyringItem | undefined> {
    if (!isName(key) || !(await this.#isThere())) return undefined;
    const found = await this.#file.read(key);
    if (found === undefined) return undefined;
    const { secret, label, description } = found;
    if (isUtf8(secret)) {
      return { key, data: secret.toString('utf8'), label, ...(description !== '' && { description }) };
    }
    const message = `the keychain's item ${JSON.stringify(key)} is not one of Keyturn or aws-vault; remove it and add it again`;
    throw new VaultError('KEYRING_CORRUPT', message, { details: { backend: 'keychain' } });
  }

  async set({ key, data, label, description = '' }: KeyringItem): Promise<void> {
    if (!isName(key) || !data.isWellFormed()) {
      const message = `${JSON.stringify(key)} cannot be kept: its name or its secret is not valid text`;
      throw new VaultError('USAGE', message, { details: { backend: 'keychain' } });
    }
    if (!(await this.#isThere())) await this.#file.create();
    // As aws-vault has it: a stored key is given to no program without a question, a session to the one that made it.
    const isGuarded = !isShortLived(key);
    await this.#file.write({ account: key, label, description, secret: Buffer.from(data), isGuarded });
  }

  async remove(key: string): Promise<boolean> {
    return isName(key) && (await this.#isThere()) && (await this.#file.remove(key));
  }

  async keys(): Promise<string[]> {
    return (await this.#isThere()) ? this.#file.accounts() : [];
  }

  async #isThere(): Promise<boolean> {
    return (await this.#file.isLocked()) !== undefined;
  }
}

function isName(key: string): boolean {
  return key !== '' && key.isWellFormed() && !key.includes('\0');
}
