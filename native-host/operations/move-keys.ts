import { isStoredKey } from '../engine/session-cache.ts';
import { VaultError } from '../errors.ts';
import type { KeyDate } from '../key-dates.ts';
import { rememberBackend, rememberedBackend } from '../keyring/backend-choice.ts';
import type { KeyringItem } from '../keyring/keyring.ts';
import { backendNames, durableBackends, type OpenedKeyring } from '../keyring/open.ts';
import type { VaultAccess } from '../vault-access.ts';
import { type BackupItem, readBackup, writeBackup } from './backup-file.ts';
import { rememberedDate, rememberKey } from './key-ages.ts';
import { alone } from './key-lock.ts';
import { removeSessionsFrom } from './stored-keys.ts';

/** `same`: nothing to do. `different`: another key is there, and was left. `unreadable`: see `reason`. */
export type MoveState = 'new' | 'replaced' | 'same' | 'different' | 'unreadable';

export type MovedKey = {
  readonly profile: string;
  readonly state: MoveState;
  readonly isRemoved: boolean;
  readonly reason?: string;
};

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
 * are worth an hour, and are made anew; those of a key that goes or is replaced go with it. When all keys have moved from the
 * remembered keyring, the new one is remembered in its place, unless it forgets them when the machine restarts.
 * @throws VaultError USAGE, CREDENTIALS_NOT_FOUND, KEYRING_*
 */
export async function migrate(access: VaultAccess, request: MigrateRequest): Promise<MoveResult> {
  const { from, to, profile } = request;
  if (from === to) throw new VaultError('USAGE', `--from and --to are both ${from}; name two different keyrings`);
  const isDurable = durableBackends().includes(to);
  if (request.deleteSource && !isDurable && backendNames().includes(to)) throw onlyCopy(to);
  return access.withBackend(from, (source) =>
    access.withBackend(to, async (target) => {
      const listed = await source.keys();
      const profiles = listed.filter(isStoredKey).filter((key) => profile === undefined || key === profile);
      if (profile !== undefined && profiles.length === 0) throw notThere(profile, from);
      const keys = {
        get: (key: string) => source.get(key),
        dateOf: (key: string) => rememberedDate(access, source, key),
        remove: (key: string) => removeFrom(access, key, { keyring: source, listed }),
      };
      const moved = await move(profiles, { ...request, access, source: keys, target });
      const isAll = moved.every(({ state }) => state !== 'different' && state !== 'unreadable');
      const { stateDir } = access.settings;
      const isWhole = !request.isDryRun && profile === undefined && isAll && isDurable;
      const isChosen = isWhole && rememberedBackend(stateDir) === from;
      if (isChosen) rememberBackend(stateDir, to);
      return { moved, isChosen };
    }),
  );
}

/** `unreadable`: what is not in the backup, and why. */
export type Backup = {
  readonly text: string;
  readonly count: number;
  readonly unreadable: readonly { readonly profile: string; readonly reason: string }[];
};

export type BackupRequest = {
  readonly passphrase: string;
  /** Called after each key. */
  readonly onProgress: (progress: { readonly at: number; readonly of: number }) => void;
};

/** All stored keys of the vault in use, as the text of a backup, which was opened once. */
export function backup(access: VaultAccess, { passphrase, onProgress }: BackupRequest): Promise<Backup> {
  return access.withKeyring(async (keyring) => {
    const items: BackupItem[] = [];
    const unreadable: { profile: string; reason: string }[] = [];
    const profiles = (await keyring.keys()).filter(isStoredKey);
    for (const [index, profile] of profiles.entries()) {
      access.signal.throwIfAborted();
      const item = await readOr(() => keyring.get(profile));
      if (item instanceof VaultError) unreadable.push({ profile, reason: item.message });
      else if (item !== undefined) items.push({ item, date: rememberedDate(access, keyring, profile) });
      onProgress({ at: index + 1, of: profiles.length });
    }
    const text = writeBackup(items, passphrase, access.now());
    const kept = readBackup(text, passphrase).map(({ item }) => item.data);
    if (!items.every(({ item }, index) => item.data === kept[index])) throw notBackedUp();
    return { text, count: items.length, unreadable };
  });
}

/** One item that is damaged does not keep the others back. */
async function readOr<T>(read: () => Promise<T>): Promise<T | VaultError> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof VaultError && error.code === 'KEYRING_CORRUPT') return error;
    throw error;
  }
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

type Listed = { readonly keyring: OpenedKeyring; readonly listed: readonly string[] };

async function removeFrom(access: VaultAccess, profile: string, { keyring, listed }: Listed): Promise<boolean> {
  if (!(await keyring.remove(profile))) return false;
  await rememberKey(access, keyring, { profile, date: undefined });
  await removeSessionsFrom(access, profile, { keyring, listed });
  return true;
}

async function move(profiles: readonly string[], options: Move): Promise<MovedKey[]> {
  const { access, target, isDryRun, onProgress } = options;
  // Listed once: a list takes some keyrings a call for every item, and there may be many.
  const listed = await target.keys();
  const there = new Set(listed);
  const moved: MovedKey[] = [];
  onProgress(undefined, { at: 0, of: profiles.length });
  for (const profile of profiles) {
    access.signal.throwIfAborted();
    const work = () => moveKey(profile, there.has(profile), { ...options, listed });
    // A rotation that goes on meanwhile finds the key where it was, or learns that it has gone.
    const key = await (isDryRun ? work() : alone(access, profile, work));
    if (key === undefined) continue;
    moved.push(key);
    onProgress(key, { at: moved.length, of: profiles.length });
  }
  return moved;
}

/** @returns undefined where somebody else has removed the key meanwhile */
async function moveKey(
  profile: string,
  isThere: boolean,
  options: Move & Pick<Listed, 'listed'>,
): Promise<MovedKey | undefined> {
  const { access, source, target, listed, isDryRun, overwrite, deleteSource } = options;
  const item = await readOr(() => source.get(profile));
  if (item === undefined) return undefined;
  if (item instanceof VaultError) return { profile, state: 'unreadable', isRemoved: false, reason: item.message };
  const state = stateOf(item, isThere ? await readOr(() => target.get(profile)) : undefined, overwrite);
  if (isDryRun || state === 'different') return { profile, state, isRemoved: false };
  if (state !== 'same') {
    await target.set(item);
    if ((await target.get(profile))?.data !== item.data) throw notKept(profile);
    const { createdAt, isRotating = false } = source.dateOf(profile) ?? {};
    await rememberKey(access, target, { profile, date: { ...(createdAt && { createdAt }), isRotating } });
  }
  if (state === 'replaced') await removeSessionsFrom(access, profile, { keyring: target, listed });
  const isRemoved = deleteSource && ((await source.remove?.(profile)) ?? false);
  return { profile, state, isRemoved };
}

/** `other`: what the new keyring has under that name; an error where it is damaged. */
function stateOf(item: KeyringItem, other: KeyringItem | VaultError | undefined, overwrite: boolean): MoveState {
  if (other === undefined) return 'new';
  if (!(other instanceof VaultError) && other.data === item.data) return 'same';
  return overwrite ? 'replaced' : 'different';
}

function onlyCopy(backend: string): VaultError {
  const message = `${backend} forgets its keys when the machine restarts, so they would be nowhere then; leave out --delete-source`;
  return new VaultError('USAGE', message, { details: { backend, flag: 'delete-source' } });
}

function notBackedUp(): VaultError {
  return new VaultError('INTERNAL', 'the backup does not read back as it was written; nothing was saved');
}

function notThere(profile: string, backend: string): VaultError {
  const message = `${backend} holds no key for profile ${JSON.stringify(profile)}; see 'keyturn --backend ${backend} list'`;
  return new VaultError('CREDENTIALS_NOT_FOUND', message, { details: { profile, backend } });
}

function notKept(profile: string): VaultError {
  const message = `the key of profile ${JSON.stringify(profile)} does not read back as it was written; nothing was removed, and the old keyring still has it`;
  return new VaultError('KEYRING_CORRUPT', message, { details: { profile } });
}
