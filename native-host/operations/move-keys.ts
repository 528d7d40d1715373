import { isStoredKey } from '../engine/session-cache.ts';
import { VaultError } from '../errors.ts';
import type { KeyDate } from '../key-dates.ts';
import { rememberBackend, rememberedBackend } from '../keyring/backend-choice.ts';
import type { KeyringItem } from '../keyring/keyring.ts';
import type { OpenedKeyring } from '../keyring/open.ts';
import type { VaultAccess } from '../vault-access.ts';
import { type BackupItem, readBackup, writeBackup } from './backup-file.ts';
import { rememberedDate, rememberKey } from './key-ages.ts';
import { alone } from './key-lock.ts';
import { removeSessionsFrom } from './stored-keys.ts';

/** `same`: nothing to do. `different`: another key is there, and was left. */
export type MoveState = 'new' | 'replaced' | 'same' | 'different';

export type MovedKey = { readonly profile: string; readonly state: MoveState; readonly isRemoved: boolean };

export type MoveOptions = {
  readonly isDryRun: boolean;
  readonly overwrite: boolean;
  /** Called before the first key with how many there are, and after each. */
  readonly onProgress: (moved: MovedKey | undefined, progress: { readonly at: number; readonly of: number }) => void;
};

export type MigrateRequest = MoveOptions & {
  readonly from: string;
  readonly to: string;
  readonly profile: string | undefined;
  readonly deleteSource: boolean;
};

export type RestoreRequest = MoveOptions & { readonly text: string; readonly passphrase: string };

/** `isChosen`: the new keyring is the one in use from now on. */
export type MoveResult = { readonly moved: readonly MovedKey[]; readonly isChosen: boolean };

/**
 * Copies stored keys from one backend to another, each with its age and read back before anything is removed. Sessions stay: they
 * are worth an hour, and are made anew; those of a key that goes or is replaced go with it. When all keys have moved from the remembered keyring, the new one is remembered in its place.
 * @throws VaultError USAGE, CREDENTIALS_NOT_FOUND, KEYRING_*
 */
export async function migrate(access: VaultAccess, request: MigrateRequest): Promise<MoveResult> {
  const { from, to, profile } = request;
  if (from === to) throw new VaultError('USAGE', `--from and --to are both ${from}; name two different keyrings`);
  return access.withBackend(from, (source) =>
    access.withBackend(to, async (target) => {
      const profiles = (await source.keys())
        .filter(isStoredKey)
        .filter((key) => profile === undefined || key === profile);
      if (profile !== undefined && profiles.length === 0) throw notThere(profile, from);
      const keys = {
        get: (key: string) => source.get(key),
        dateOf: (key: string) => rememberedDate(access, source, key),
        remove: (key: string) => removeFrom(access, source, key),
      };
      const moved = await move(profiles, { ...request, access, source: keys, target });
      const isWhole = !request.isDryRun && profile === undefined && moved.every(({ state }) => state !== 'different');
      const { stateDir } = access.settings;
      const isChosen = isWhole && rememberedBackend(stateDir) === from;
      if (isChosen) rememberBackend(stateDir, to);
      return { moved, isChosen };
    }),
  );
}

/** All stored keys of the vault in use, as the text of a backup. */
export function backup(access: VaultAccess, passphrase: string): Promise<{ text: string; count: number }> {
  return access.withKeyring(async (keyring) => {
    const items: BackupItem[] = [];
    for (const key of (await keyring.keys()).filter(isStoredKey)) {
      const item = await keyring.get(key);
      if (item !== undefined) items.push({ item, date: rememberedDate(access, keyring, key) });
    }
    return { text: writeBackup(items, passphrase, access.now()), count: items.length };
  });
}

/** @throws VaultError KEYRING_LOCKED (wrong passphrase), KEYRING_CORRUPT, KEYRING_* of the vault */
export function restore(access: VaultAccess, { text, passphrase, ...options }: RestoreRequest): Promise<MoveResult> {
  const items = new Map(readBackup(text, passphrase).map((each) => [each.item.key, each]));
  const source = {
    get: async (key: string) => items.get(key)?.item,
    dateOf: (key: string) => items.get(key)?.date,
  };
  return access.withKeyring(async (target) => {
    const moved = await move([...items.keys()], { access, source, target, deleteSource: false, ...options });
    return { moved, isChosen: false };
  });
}

type Source = {
  readonly get: (key: string) => Promise<KeyringItem | undefined>;
  readonly dateOf: (key: string) => Omit<KeyDate, 'storedAt'> | undefined;
  readonly remove?: (key: string) => Promise<boolean>;
};

type Move = MoveOptions & {
  readonly access: VaultAccess;
  readonly source: Source;
  readonly target: OpenedKeyring;
  readonly deleteSource: boolean;
};

async function removeFrom(access: VaultAccess, source: OpenedKeyring, profile: string): Promise<boolean> {
  if (!(await source.remove(profile))) return false;
  await rememberKey(access, source, { profile, date: undefined });
  await removeSessionsFrom(access, profile, source);
  return true;
}

async function move(profiles: readonly string[], options: Move): Promise<MovedKey[]> {
  const { target, onProgress } = options;
  const there = new Set(await target.keys());
  const moved: MovedKey[] = [];
  onProgress(undefined, { at: 0, of: profiles.length });
  for (const profile of profiles) {
    // A rotation that goes on meanwhile finds the key where it was, or learns that it has gone.
    const key = await alone(options.access, profile, () => moveKey(profile, there.has(profile), options));
    if (key === undefined) continue;
    moved.push(key);
    onProgress(key, { at: moved.length, of: profiles.length });
  }
  return moved;
}

/** @returns undefined where somebody else has removed the key meanwhile */
async function moveKey(profile: string, isThere: boolean, options: Move): Promise<MovedKey | undefined> {
  const { access, source, target, isDryRun, overwrite, deleteSource } = options;
  const item = await source.get(profile);
  if (item === undefined) return undefined;
  const state = stateOf(item, isThere ? await target.get(profile) : undefined, overwrite);
  if (isDryRun || state === 'different') return { profile, state, isRemoved: false };
  if (state !== 'same') {
    await target.set(item);
    if ((await target.get(profile))?.data !== item.data) throw notKept(profile);
    const { createdAt, isRotating = false } = source.dateOf(profile) ?? {};
    await rememberKey(access, target, { profile, date: { ...(createdAt && { createdAt }), isRotating } });
  }
  if (state === 'replaced') await removeSessionsFrom(access, profile, target);
  const isRemoved = deleteSource && ((await source.remove?.(profile)) ?? false);
  return { profile, state, isRemoved };
}

function stateOf(item: KeyringItem, other: KeyringItem | undefined, overwrite: boolean): MoveState {
  if (other === undefined) return 'new';
  if (other.data === item.data) return 'same';
  return overwrite ? 'replaced' : 'different';
}

function notThere(profile: string, backend: string): VaultError {
  const message = `${backend} holds no key for profile ${JSON.stringify(profile)}; see 'keyturn --backend ${backend} list'`;
  return new VaultError('CREDENTIALS_NOT_FOUND', message, { details: { profile, backend } });
}

function notKept(profile: string): VaultError {
  const message = `the key of profile ${JSON.stringify(profile)} does not read back as it was written; nothing was removed, and the old keyring still has it`;
  return new VaultError('KEYRING_CORRUPT', message, { details: { profile } });
}
