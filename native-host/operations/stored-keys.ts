import { appendProfile, profileHeader } from '../aws/config-file.ts';
import type { Credentials } from '../aws/credentials.ts';
import { readKeyItem } from '../engine/key-rotation.ts';
import { beginsWith } from '../engine/plan-over.ts';
import { isStoredKey, parseSessionKey, removeSessions } from '../engine/session-cache.ts';
import { readStoredKey, writeStoredKey } from '../engine/stored-key.ts';
import { VaultError } from '../errors.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { OpenedKeyring } from '../keyring/open.ts';
import type { VaultAccess } from '../vault-access.ts';
import { rememberedDate, rememberKey } from './key-ages.ts';
import { alone } from './key-lock.ts';

/**
 * Refuses a name before anybody types a secret for it: one that the vault would take for a session or an SSO token, and,
 * where a section is to be added, one that the config file cannot hold.
 * @throws VaultError USAGE
 */
export function checkName(profile: string, { addsSection }: { readonly addsSection: boolean }): void {
  if (profile === '' || !isStoredKey(profile)) {
    const message = `no key can be kept under the name ${JSON.stringify(profile)}; choose another name`;
    throw new VaultError('USAGE', message, { details: { profile } });
  }
  if (addsSection) profileHeader(profile);
}

/** A key to store. `createdAt`: when AWS made it, if it said so. */
export type NewKey = { readonly profile: string; readonly key: Credentials; readonly createdAt?: Date | undefined };

/**
 * Stores a profile's key and reads it back; the sessions that began with the old one go. Answers how many there were, and which
 * key is nowhere any more because a rotation was under way.
 * @throws VaultError KEYRING_*
 */
export function addKey(
  access: VaultAccess,
  { profile, key, createdAt }: NewKey,
): Promise<{ sessions: number; abandonedKeyId?: string }> {
  return access.withKeyring(async (keyring) => {
    const abandonedKeyId = await storeKey(access, keyring, { profile, key, createdAt });
    const sessions = sum(await removeSessionsFrom(access, profile, { keyring }));
    return { sessions, ...(abandonedKeyId !== undefined && { abandonedKeyId }) };
  });
}

/** Stores a key and reads it back. Answers the other key that the item held, as `addKey` does. @throws VaultError KEYRING_* */
export function storeKey(
  access: VaultAccess,
  keyring: OpenedKeyring,
  { profile, key, createdAt }: NewKey,
): Promise<string | undefined> {
  return alone(access, profile, async () => {
    const second = await secondKeyId(keyring, profile);
    await writeStoredKey(keyring, profile, key);
    const stored = await readStoredKey(keyring, profile);
    if (stored.secretAccessKey !== key.secretAccessKey) throw notAsWritten(profile);
    await rememberKey(access, keyring, { profile, date: { ...(createdAt && { createdAt }) } });
    return second;
  });
}

/** The other key of an item whose rotation was interrupted. */
async function secondKeyId(keyring: Keyring, profile: string): Promise<string | undefined> {
  try {
    const { rotation } = await readKeyItem(keyring, profile);
    return rotation === undefined || rotation.stage === 'creating' ? undefined : rotation.key.accessKeyId;
  } catch (error) {
    // There is none, or one that is damaged: it is replaced anyway.
    if (error instanceof VaultError) return undefined;
    throw error;
  }
}

/** A section to add to the config file; without settings it is an empty one. */
export type NewProfile = { readonly profile: string; readonly settings?: Readonly<Record<string, string>> };

/** Adds the profile's section to the config file unless it has one. */
export function addProfile(access: VaultAccess, profile: NewProfile, signal: AbortSignal): Promise<void> {
  return addProfiles(access, [profile], signal);
}

/** The same for several. */
export async function addProfiles(
  access: VaultAccess,
  profiles: readonly NewProfile[],
  signal: AbortSignal,
): Promise<void> {
  // Two processes that add at the same time would each write the file without the other's section.
  const release = await access.locks.acquire('config-file', { signal });
  try {
    const present = (await access.config()).profiles;
    for (const { profile, settings } of profiles) {
      if (!present.has(profile)) appendProfile(access.settings.configFile, profile, settings);
    }
  } finally {
    release();
  }
}

/** `wasRotating`: AWS may have another key of the user, whose secret has gone with this one. */
export type Removal = { readonly sessions: number; readonly wasRotating: boolean };

/** Removes a profile's stored key and the sessions that began with it. @throws VaultError CREDENTIALS_NOT_FOUND */
export function removeKey(access: VaultAccess, profile: string): Promise<Removal> {
  return access.withKeyring(async (keyring) => {
    const wasRotating = rememberedDate(access, keyring, profile)?.isRotating ?? false;
    const isRemoved = await alone(access, profile, async () => {
      if (!(await keyring.remove(profile))) return false;
      await rememberKey(access, keyring, { profile, date: undefined });
      return true;
    });
    if (isRemoved) return { sessions: sum(await removeSessionsFrom(access, profile, { keyring })), wasRotating };
    const message = `the vault holds no key for profile ${JSON.stringify(profile)}; see 'keyturn list'`;
    throw new VaultError('CREDENTIALS_NOT_FOUND', message, { details: { profile } });
  });
}

/**
 * Removes the sessions of the profile itself, and of the roles that have it as their source: they would go on as the old key's
 * user. Answers how many of each profile there were. `listed`: the keyring's keys, for who asks this many times.
 */
export async function removeSessionsFrom(
  access: VaultAccess,
  profile: string,
  { keyring, listed }: { readonly keyring: Keyring; readonly listed?: readonly string[] },
): Promise<ReadonlyMap<string, number>> {
  const config = await access.config();
  const keys = listed ?? (await keyring.keys());
  const chain = access.chainOptions(config, new Set([...keys.filter(isStoredKey), profile]), { profile, flags: {} });
  const names = new Set([profile, ...keys.flatMap((key) => parseSessionKey(key)?.profile ?? [])]);
  const counts = new Map<string, number>();
  for (const name of names) {
    if (name !== profile && !beginsWith(profile, name, chain)) continue;
    const count = await removeSessions(keyring, name, keys);
    if (count > 0) counts.set(name, count);
  }
  return counts;
}

function notAsWritten(profile: string): VaultError {
  const message = `the vault gave the key of ${JSON.stringify(profile)} back differently than it was stored; keep your copy of the key, and check the vault with 'keyturn list'`;
  return new VaultError('KEYRING_CORRUPT', message, { details: { profile } });
}

export function sum(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((total, count) => total + count, 0);
}
