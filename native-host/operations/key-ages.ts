import { VaultError } from '../errors.ts';
import { type KeyDate, readKeyDates, writeKeyDate } from '../key-dates.ts';
import type { OpenedKeyring } from '../keyring/open.ts';
import { placeWithin } from '../keyring/vault-place.ts';
import type { VaultAccess } from '../vault-access.ts';

/** How old a stored key is, as far as that is known without its secret and without asking AWS. */
export type KeyAge = {
  readonly since: Date;
  /** `aws`: when AWS made the key. `vault`: when it was stored, so that it is at least that old. */
  readonly source: 'aws' | 'vault';
};

/** The stored keys of a vault with what is known of their age, and the ones whose rotation was not finished. */
export type KeyAges = { readonly ages: ReadonlyMap<string, KeyAge>; readonly rotating: readonly string[] };

/** Writing the item and remembering it are two steps, and file systems round. */
const TOLERANCE_MS = 5000;
const LOCK_TIMEOUT_MS = 5000;

/** The ages of `keys`, of which `keyring` has the items. */
export async function keyAges(access: VaultAccess, keyring: OpenedKeyring, keys: readonly string[]): Promise<KeyAges> {
  const dates = readKeyDates(place(access, keyring));
  const modified = keys.length === 0 ? undefined : await keyring.modifiedAt?.(keys);
  const ages = keys.flatMap((key) => {
    const age = ageOf(dates.get(key), modified?.get(key));
    return age === undefined ? [] : [[key, age] as const];
  });
  return { ages: new Map(ages), rotating: keys.filter((key) => dates.get(key)?.isRotating) };
}

function ageOf(date: KeyDate | undefined, modified: Date | undefined): KeyAge | undefined {
  const isOurs =
    date !== undefined &&
    (modified === undefined || date.isRotating || modified.getTime() <= date.storedAt.getTime() + TOLERANCE_MS);
  if (isOurs && date.createdAt !== undefined) return { since: date.createdAt, source: 'aws' };
  const since = isOurs && !date.isRotating ? date.storedAt : modified;
  return since === undefined ? undefined : { since, source: 'vault' };
}

/** What is remembered of one key. */
export function rememberedDate(access: VaultAccess, keyring: OpenedKeyring, profile: string): KeyDate | undefined {
  return readKeyDates(place(access, keyring)).get(profile);
}

/**
 * Remembers how old a key is; `undefined` forgets it. That this cannot be written is no reason to fail: the key itself is stored.
 */
export async function rememberKey(
  access: VaultAccess,
  keyring: OpenedKeyring,
  { profile, date }: { readonly profile: string; readonly date: Omit<KeyDate, 'storedAt'> | undefined },
): Promise<void> {
  try {
    const release = await access.locks.acquire('key-dates', { signal: AbortSignal.timeout(LOCK_TIMEOUT_MS) });
    try {
      writeKeyDate(place(access, keyring), profile, date && { ...date, storedAt: access.now() });
    } finally {
      release();
    }
  } catch (error) {
    if (!(error instanceof VaultError) && !(error instanceof DOMException)) throw error;
    access.log(error.message);
  }
}

/** Which vault: the same names may be in several. */
function place({ settings }: VaultAccess, { backend }: OpenedKeyring) {
  return { stateDir: settings.stateDir, vault: `${backend}:${placeWithin(backend, settings)}` };
}
