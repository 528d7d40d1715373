import type { Locks } from '../engine/lock.ts';
import { VaultError } from '../errors.ts';
import { formatItem, parseItem } from './item-json.ts';
import type { Keyring, KeyringItem } from './keyring.ts';
import { opFailure } from './op-error.ts';
import { runProgram } from './program.ts';

export type OpOptions = {
  /** The 1Password vault's ID or name; aws-vault's forks take no default either. */
  readonly vaultId: string | undefined;
  readonly itemTitlePrefix: string;
  readonly itemTag: string;
  /** Which account the desktop app is to open: its name, address or ID. */
  readonly account: string | undefined;
  /** How long 1Password may take where nobody has to be asked: with a service account. */
  readonly timeoutMs: number;
  readonly locks: Locks;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
};

/** The variable of aws-vault's fork in which a service account's token is given; `op` knows it by its own name. */
export const OP_TOKEN_VARIABLE = 'AWS_VAULT_OP_SERVICE_ACCOUNT_TOKEN';
/** Somebody may have to find the finger that opens the app. */
const PERSON_TIMEOUT_MS = 120_000;
const CATEGORY = 'API_CREDENTIAL';
/** The label of the one concealed field that holds the item. */
const FIELD = 'keyring';

/** As far as `op item list` shows it. */
type Overview = { readonly id: string; readonly title: string };
type Field = Readonly<Record<string, unknown>>;
type FullItem = Readonly<Record<string, unknown>> & { readonly fields: readonly Field[] };

/**
 * A vault of 1Password through its command-line program, in the layout of aws-vault's fork: items of the category API
 * Credential, tagged, titled `PREFIX: KEY`, whose one concealed field holds aws-vault's item as JSON.
 * @throws VaultError KEYRING_UNAVAILABLE when it is not said which vault
 * @see https://developer.1password.com/docs/cli/reference/management-commands/item
 */
export function opKeyring(options: OpOptions): Keyring {
  const vaultId = options.vaultId || options.env.OP_VAULT_ID;
  if (vaultId) return new OpKeyring(vaultId, options);
  const message = 'it is not said which vault of 1Password to use; give --op-vault-id or AWS_VAULT_OP_VAULT_ID';
  throw new VaultError('KEYRING_UNAVAILABLE', message, { details: { backend: 'op' } });
}

class OpKeyring implements Keyring {
  readonly #vaultId: string;
  readonly #options: OpOptions;

  constructor(vaultId: string, options: OpOptions) {
    this.#vaultId = vaultId;
    this.#options = options;
  }

  async get(key: string): Promise<KeyringItem | undefined> {
    const [found, ...others] = await this.#find(key);
    if (found === undefined) return undefined;
    if (others.length > 0) throw corrupt(key, `there are ${others.length + 1} of this name; remove all but one`);
    const full = await this.#read(found.id);
    // Removed by somebody since we looked.
    if (full === undefined) return undefined;
    const value = full.fields.find(isOurs)?.value;
    const item = typeof value === 'string' ? parseItem(Buffer.from(value), key) : `it has no field ${FIELD}`;
    if (typeof item === 'string') throw corrupt(key, `${item}; remove it and add it again`);
    return { ...item, key };
  }

  async set(item: KeyringItem): Promise<void> {
    if (item.key === '' || !item.key.isWellFormed() || !item.data.isWellFormed()) {
      const message = `${JSON.stringify(item.key)} cannot be kept: its name or its secret is not valid text`;
      throw new VaultError('USAGE', message);
    }
    await this.#alone(item.key, async () => {
      const [found, ...others] = await this.#find(item.key);
      if (others.length > 0) throw corrupt(item.key, `there are ${others.length + 1} of this name; remove all but one`);
      const full = found && (await this.#read(found.id));
      const field = { id: FIELD, type: 'CONCEALED', label: FIELD, value: formatItem(item) };
      if (found === undefined || full === undefined) return this.#create(item.key, field);
      const isKnown = full.fields.some(isOurs);
      const fields = full.fields.map((each) => (isOurs(each) ? { ...each, value: field.value } : each));
      const edited = { ...full, fields: isKnown ? fields : [...fields, field] };
      await this.#op(['item', 'edit', found.id], JSON.stringify(edited));
    });
  }

  async remove(key: string): Promise<boolean> {
    return this.#alone(key, async () => {
      const found = await this.#find(key);
      for (const { id } of found) await this.#op(['item', 'delete', id]);
      return found.length > 0;
    });
  }

  async keys(): Promise<string[]> {
    const before = this.#title('');
    const titles = (await this.#list()).map(({ title }) => title);
    return [...new Set(titles.filter((title) => title.startsWith(before)).map((title) => title.slice(before.length)))];
  }

  async #create(key: string, field: Field): Promise<void> {
    const { itemTag } = this.#options;
    const template = { title: this.#title(key), category: CATEGORY, tags: [itemTag], fields: [field] };
    await this.#op(['item', 'create', '-'], JSON.stringify(template));
  }

  #title(key: string): string {
    return `${this.#options.itemTitlePrefix}: ${key}`;
  }

  async #find(key: string): Promise<Overview[]> {
    const title = this.#title(key);
    return key === '' ? [] : (await this.#list()).filter((each) => each.title === title);
  }

  /** The items with our tag; a title alone may be anybody's, and `op` finds by parts of names as well. */
  async #list(): Promise<Overview[]> {
    const { itemTag } = this.#options;
    const answer = await this.#op(['item', 'list', '--tags', itemTag]);
    if (!Array.isArray(answer)) throw this.#notUnderstood();
    return answer.flatMap((each: unknown): Overview[] => {
      const { id, title, category, tags } = record(each);
      if (typeof id !== 'string' || typeof title !== 'string') throw this.#notUnderstood();
      return category === CATEGORY && Array.isArray(tags) && tags.includes(itemTag) ? [{ id, title }] : [];
    });
  }

  /** undefined: it has been removed since it was listed. */
  async #read(id: string): Promise<FullItem | undefined> {
    try {
      const item = record(await this.#op(['item', 'get', id]));
      if (!Array.isArray(item.fields)) throw this.#notUnderstood();
      return { ...item, fields: item.fields.map(record) };
    } catch (error) {
      if ((await this.#list()).every((each) => each.id !== id)) return undefined;
      throw error;
    }
  }

  /** What it prints as JSON. Secrets go in by its stdin: arguments can be read by every user of the machine. */
  async #op(args: readonly string[], input?: string): Promise<unknown> {
    const { account, env, signal, timeoutMs } = this.#options;
    const token = env[OP_TOKEN_VARIABLE] || env.OP_SERVICE_ACCOUNT_TOKEN;
    const where = ['--vault', this.#vaultId, ...(account === undefined ? [] : ['--account', account])];
    const { status, stdout, stderr } = await runProgram(['op', ...args, ...where, '--format', 'json'], {
      backend: 'op',
      env: { ...env, ...(token && { OP_SERVICE_ACCOUNT_TOKEN: token }) },
      signal,
      timeoutMs: token ? timeoutMs : PERSON_TIMEOUT_MS,
      ...(input !== undefined && { input }),
    });
    if (status !== 0) throw opFailure(input === undefined ? stderr : stderr.replaceAll(input, '***'));
    const text = stdout.toString('utf8').trim();
    try {
      return text === '' ? [] : JSON.parse(text);
    } catch {
      throw this.#notUnderstood(); // without the parser's own words, which quote the text
    }
  }

  /** 1Password itself takes two items of one name. */
  async #alone<T>(key: string, work: () => Promise<T>): Promise<T> {
    const { locks, signal } = this.#options;
    const release = await locks.acquire(`op ${this.#vaultId} ${this.#title(key)}`, { signal });
    try {
      return await work();
    } finally {
      release();
    }
  }

  #notUnderstood(): VaultError {
    const message = "1Password's program op answers with something else than an item; update it to version 2";
    return new VaultError('KEYRING_UNAVAILABLE', message, { details: { backend: 'op' } });
  }
}

function isOurs({ type, label }: Field): boolean {
  return type === 'CONCEALED' && label === FIELD;
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function corrupt(key: string, reason: string): VaultError {
  const message = `1Password's item for ${JSON.stringify(key)} cannot be used: ${reason}`;
  return new VaultError('KEYRING_CORRUPT', message, { details: { backend: 'op' } });
}
