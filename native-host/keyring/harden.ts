import { VaultError } from '../errors.ts';
import { itemFiles, keyOfItemFile, readItemFile, writeItemFile } from './file-disk.ts';
import { newContentKey, parseJwe, sealWith } from './jwe.ts';
import { type KeyHolder, wrongPassphrase } from './key-holder.ts';
import { openItem, opensAny } from './open-item.ts';

/**
 * `strong`: a guess costs enough already. `unreadable`: it is damaged, or another passphrase's, and was left as it is.
 * `changed`: another program has just written it, and was left its own.
 */
export type HardenState = 'hardened' | 'strong' | 'unreadable' | 'changed';

export type HardenedItem = {
  /** The keyring's key: a profile's name, or a session's. */
  readonly key: string;
  readonly state: HardenState;
  /** Of PBKDF2, as it was found; undefined where that cannot be read. */
  readonly before: number | undefined;
};

export type HardenRequest = {
  readonly dir: string;
  readonly holder: KeyHolder;
  /** Items with fewer are written anew. */
  readonly rounds: number;
  readonly isDryRun: boolean;
  readonly signal: AbortSignal;
  /** Called after each item. */
  readonly onProgress: (progress: { readonly at: number; readonly of: number }) => void;
};

export type HardenResult = { readonly rounds: number; readonly items: readonly HardenedItem[] };

/**
 * Encrypts every item of the directory anew that has fewer rounds: whoever steals the files attacks the cheapest. The text inside
 * stays as it is, to the byte. Each item is read back before it takes the place of the old one.
 * @throws VaultError KEYRING_LOCKED (also where the passphrase opens none of the items), KEYRING_*, CANCELLED; what was done stays
 */
export async function hardenItems(request: HardenRequest): Promise<HardenResult> {
  const { dir, rounds, signal, onProgress } = request;
  if ((await opensAny(dir, request.holder)) === false) throw wrongPassphrase(dir);
  const names = itemFiles(dir);
  const items: HardenedItem[] = [];
  for (const name of names) {
    signal.throwIfAborted();
    items.push(await hardenItem(name, request));
    onProgress({ at: items.length, of: names.length });
  }
  return { rounds, items };
}

async function hardenItem(name: string, { dir, holder, rounds, isDryRun }: HardenRequest): Promise<HardenedItem> {
  const key = keyOfItemFile(name) ?? name;
  const text = readItemFile(dir, name) ?? '';
  const jwe = parseJwe(text);
  if (typeof jwe === 'string') return { key, state: 'unreadable', before: undefined };
  const before = jwe.rounds;
  if (before >= rounds) return { key, state: 'strong', before };
  const opening = await openItem(text, holder);
  if (opening.outcome !== 'opened') return { key, state: 'unreadable', before };
  if (isDryRun) return { key, state: 'hardened', before };
  const plaintext = opening.plaintext.toString('utf8');
  if (!Buffer.from(plaintext).equals(opening.plaintext)) return { key, state: 'unreadable', before };
  const contentKey = newContentKey();
  const wrapped = { contentKey, ...(await holder.wrap(contentKey)) };
  const sealed = sealWith(plaintext, wrapped, new Date());
  const back = await openItem(sealed, holder);
  if (back.outcome !== 'opened' || !back.plaintext.equals(opening.plaintext)) throw notKept(dir, name);
  const isReplaced = writeItemFile(dir, name, () => sealed, { unless: () => readItemFile(dir, name) !== text });
  if (!isReplaced) return { key, state: 'changed', before };
  if (readItemFile(dir, name) === sealed) return { key, state: 'hardened', before };
  return { key, state: 'changed', before };
}

function notKept(dir: string, name: string): VaultError {
  const message = `the item ${JSON.stringify(name)} does not read back as it was written, so the old one was left in ${JSON.stringify(dir)}; run the command again`;
  return new VaultError('KEYRING_CORRUPT', message, { details: { backend: 'file', file: dir } });
}
