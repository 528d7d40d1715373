import { itemFiles, readItemFile } from './file-disk.ts';
import { type KeyedOpening, openWith, parseJwe } from './jwe.ts';
import type { KeyHolder } from './key-holder.ts';

/**
 * How many items a doubtful passphrase is tried on: each costs a key derivation, and items that fit are the rule. Of expensive
 * ones fewer, because a person waits who has mistyped it.
 */
const ITEMS_TRIED = { min: 4, max: 16, rounds: 1_000_000 } as const;

/**
 * Whether a passphrase opens one of the items in `dir`; undefined when there is none to try it on.
 * @throws VaultError KEYRING_DENIED, KEYRING_UNAVAILABLE, KEYRING_CORRUPT when none could be read
 */
export async function opensAny(
  dir: string,
  holder: Pick<KeyHolder, 'unwrap'>,
  names: readonly string[] = itemFiles(dir),
): Promise<boolean | undefined> {
  let tried = 0;
  let rounds = 0;
  let unreadable: unknown;
  for (const name of names) {
    let text: string | undefined;
    try {
      text = readItemFile(dir, name);
    } catch (error) {
      unreadable = error; // one of root's, say; the others will do
    }
    const opening = text === undefined ? undefined : await openItem(text, holder);
    if (opening !== undefined && isPassphraseRight(opening)) return true;
    if (opening?.outcome === 'wrong-passphrase') {
      tried += 1;
      rounds += opening.rounds;
    }
    if (tried === ITEMS_TRIED.max || (tried >= ITEMS_TRIED.min && rounds >= ITEMS_TRIED.rounds)) break;
  }
  if (tried === 0 && unreadable !== undefined) throw unreadable;
  return tried > 0 ? false : undefined;
}

type ItemOpening = KeyedOpening | { readonly outcome: 'wrong-passphrase'; readonly rounds: number };

/** An item's text, decrypted. @throws VaultError KEYRING_LOCKED where the holder has lost the passphrase */
export async function openItem(text: string, holder: Pick<KeyHolder, 'unwrap'>): Promise<ItemOpening> {
  const jwe = parseJwe(text);
  if (typeof jwe === 'string') return { outcome: 'damaged', reason: jwe, passphraseFits: false };
  const contentKey = await holder.unwrap(jwe);
  return contentKey === undefined ? { outcome: 'wrong-passphrase', rounds: jwe.rounds } : openWith(jwe, contentKey);
}

function isPassphraseRight(opening: ItemOpening): boolean {
  return opening.outcome === 'opened' || (opening.outcome === 'damaged' && opening.passphraseFits);
}
