import type { Credentials } from '../aws/credentials.ts';
import { type KeyItem, readKeyItem } from '../engine/key-rotation.ts';
import type { RotationEvent } from '../engine/rotation-call.ts';
import { isStoredKey } from '../engine/session-cache.ts';
import { writeStoredKey } from '../engine/stored-key.ts';
import { VaultError } from '../errors.ts';
import type { OpenedKeyring } from '../keyring/open.ts';
import type { VaultAccess } from '../vault-access.ts';
import { keyAges, rememberKey } from './key-ages.ts';
import { alone } from './key-lock.ts';
import { removeSessionsFrom } from './stored-keys.ts';

/** The vault in which copies are looked for. */
export type Stored = { readonly access: VaultAccess; readonly keyring: OpenedKeyring };

/**
 * The item of `name`; or where the same key is stored under another name too and a rotation of that one was interrupted, that one:
 * what it has begun is to be ended and not to be begun again.
 */
export async function unfinishedOr(name: string, stored: Stored): Promise<{ master: string; item: KeyItem }> {
  const item = await readKeyItem(stored.keyring, name);
  if (item.rotation !== undefined) return { master: name, item };
  const names = (await stored.keyring.keys()).filter((key) => isStoredKey(key) && key !== name);
  for (const other of (await keyAges(stored.access, stored.keyring, names)).rotating) {
    const unfinished = await itemOf(stored, other);
    const { key, rotation } = unfinished ?? {};
    const ids = [key?.accessKeyId, rotation?.stage === 'creating' ? undefined : rotation?.key.accessKeyId];
    if (unfinished !== undefined && rotation !== undefined && ids.includes(item.key.accessKeyId)) {
      return { master: other, item: unfinished };
    }
  }
  return { master: name, item };
}

/** Whether the vault has the secret of this key, under whatever name. */
export async function isStored(stored: Stored, accessKeyId: string): Promise<boolean> {
  for (const profile of (await stored.keyring.keys()).filter(isStoredKey)) {
    if ((await itemOf(stored, profile))?.key.accessKeyId === accessKeyId) return true;
  }
  return false;
}

/** Nothing for an item that cannot be read, which is no reason to leave another one half-way. */
async function itemOf({ access, keyring }: Stored, profile: string): Promise<KeyItem | undefined> {
  try {
    return await readKeyItem(keyring, profile);
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    access.log(`${profile}: ${error.message}`);
    return undefined;
  }
}

type Elsewhere = Stored & {
  readonly master: string;
  readonly report: (event: RotationEvent) => void;
};

/**
 * The same key under other names would stop working with the old one; and so would sessions that began with it. Answers under
 * which other names it was.
 */
export async function replaceElsewhere(
  { access, keyring, master, report }: Elsewhere,
  old: Credentials,
  key: Credentials,
): Promise<string[]> {
  const replaceCopy = async (profile: string): Promise<boolean> => {
    const item = await itemOf({ access, keyring }, profile);
    // Of its own rotation nothing is left: the two keys that AWS lets the user have are the old one and the new one.
    if (item?.key.accessKeyId !== old.accessKeyId) return false;
    await writeStoredKey(keyring, profile, key);
    await rememberKey(access, keyring, { profile, date: {} });
    return true;
  };
  const changed = [master];
  for (const profile of (await keyring.keys()).filter(isStoredKey)) {
    if (profile === master || !(await alone(access, profile, () => replaceCopy(profile)))) continue;
    report({ type: 'copy-replaced', profile });
    changed.push(profile);
  }
  for (const profile of changed) {
    for (const [name, count] of await removeSessionsFrom(access, profile, { keyring })) {
      report({ type: 'sessions-deleted', profile: name, count });
    }
  }
  for (const { profile, file, lines, key: found } of access.plainTextKeys()) {
    if (found.accessKeyId === old.accessKeyId) report({ type: 'left-in-plain-text', profile, file, lines });
  }
  return changed.slice(1);
}
