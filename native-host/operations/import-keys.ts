import { profileHeader } from '../aws/config-file.ts';
import type { Credentials } from '../aws/credentials.ts';
import { removePlainTextKeys } from '../aws/remove-plain-text.ts';
import { isStoredKey } from '../engine/session-cache.ts';
import { readStoredKey } from '../engine/stored-key.ts';
import { VaultError } from '../errors.ts';
import type { VaultAccess } from '../vault-access.ts';
import type { FoundKey, ImportPlace, PlaceContent, Unusable } from './import-place.ts';
import { addKey, addProfiles, type NewProfile, storeKey } from './stored-keys.ts';

/**
 * `same`: the vault has it. `different`: the vault has another one, and was left. `unreadable`, `unusable`: see `reason`.
 */
export type ImportState = 'new' | 'replaced' | 'same' | 'different' | 'unreadable' | 'unusable';

export type ImportedKey = { readonly profile: string; readonly state: ImportState; readonly reason?: string };

export type ImportRequest = {
  readonly profile: string | undefined;
  readonly isDryRun: boolean;
  readonly overwrite: boolean;
  /** Whether a profile that is new to the AWS config file gets a section there. */
  readonly addConfig: boolean;
  /** What a person gave to open the place. */
  readonly passphrase: string | undefined;
  readonly signal: AbortSignal;
  /** Called once it is known what is there, before the first key is touched. */
  readonly onFound: (count: number) => void;
  readonly onKey: (key: ImportedKey) => void;
};

/**
 * Copies the keys of one place to the vault in use, each read back. Nothing is taken away from the place. Repeating it finds
 * what is there already.
 * @returns why the place could not be read (KEYRING_UNAVAILABLE: it is not on this machine; KEYRING_LOCKED with `file`: its
 *   passphrase is missing or wrong), if it could not
 * @throws VaultError KEYRING_* of the vault in use, CANCELLED
 */
export async function importKeys(
  access: VaultAccess,
  place: ImportPlace,
  request: ImportRequest,
): Promise<VaultError | undefined> {
  let content: Content;
  try {
    content = await place.open(request.passphrase, (found) => readAll(found, request));
  } catch (error) {
    if (!(error instanceof VaultError) || error.code === 'CANCELLED' || error.code === 'INTERNAL') throw error;
    return error;
  }
  request.onFound(content.read.length + content.skipped.length);
  const sections: NewProfile[] = [];
  for (const read of content.read) {
    const imported = await importKey(access, read, request);
    const { profile, section } = read.found;
    const isKept = imported.state === 'new' || imported.state === 'replaced' || imported.state === 'same';
    if (isKept && imported.reason === undefined && section !== undefined) sections.push({ profile, settings: section });
    request.onKey(imported);
  }
  if (request.addConfig && !request.isDryRun && sections.length > 0)
    await addProfiles(access, sections, request.signal);
  for (const { name: profile, reason } of content.skipped) request.onKey({ profile, state: 'unusable', reason });
  return undefined;
}

type Read = { readonly found: FoundKey; readonly key: Credentials | Unusable | VaultError };

type Content = { readonly read: readonly Read[]; readonly skipped: PlaceContent['skipped'] };

/** All of them before the first is written: a passphrase that does not fit is known by then. */
async function readAll({ keys, skipped }: PlaceContent, { profile, signal }: ImportRequest): Promise<Content> {
  const isWanted = (name: string): boolean => profile === undefined || profile === name;
  const read: Read[] = [];
  for (const found of keys.filter((key) => isWanted(key.profile))) {
    signal.throwIfAborted();
    try {
      read.push({ found, key: await found.read() });
    } catch (error) {
      // One item that is damaged does not keep the others back; a place that is locked keeps all.
      if (!(error instanceof VaultError) || error.code !== 'KEYRING_CORRUPT') throw error;
      read.push({ found, key: error });
    }
  }
  return { read, skipped: skipped.filter(({ name }) => isWanted(name)) };
}

async function importKey(access: VaultAccess, { found, key }: Read, request: ImportRequest): Promise<ImportedKey> {
  const { profile, section } = found;
  if (key instanceof VaultError) return { profile, state: 'unreadable', reason: key.message };
  if ('reason' in key) return { profile, state: 'unusable', reason: key.reason };
  const slip = slipIn(profile, key);
  if (slip !== undefined) return { profile, state: 'unusable', reason: slip };
  request.signal.throwIfAborted();
  const state = await stateOf(access, { profile, key }, request.overwrite);
  const reason = request.addConfig && section !== undefined ? whyNoSection(profile) : undefined;
  if (!request.isDryRun) {
    if (state === 'replaced') await addKey(access, { profile, key });
    // A profile that had no key has no sessions that began with one.
    if (state === 'new') await access.withKeyring((keyring) => storeKey(access, keyring, { profile, key }));
  }
  return { profile, state, ...(reason !== undefined && state !== 'different' && { reason }) };
}

async function stateOf(
  access: VaultAccess,
  { profile, key }: { readonly profile: string; readonly key: Credentials },
  overwrite: boolean,
): Promise<ImportState> {
  const present = await storedKey(access, profile);
  if (present === undefined) return 'new';
  if (present !== 'damaged' && isSame(present, key)) return 'same';
  return overwrite ? 'replaced' : 'different';
}

function storedKey(access: VaultAccess, profile: string): Promise<Credentials | 'damaged' | undefined> {
  return access.withKeyring(async (keyring) => {
    try {
      return await readStoredKey(keyring, profile);
    } catch (error) {
      if (error instanceof VaultError && error.code === 'CREDENTIALS_NOT_FOUND') return undefined;
      if (error instanceof VaultError && error.code === 'KEYRING_CORRUPT') return 'damaged';
      throw error;
    }
  });
}

function isSame(one: Credentials, other: Credentials): boolean {
  return one.accessKeyId === other.accessKeyId && one.secretAccessKey === other.secretAccessKey;
}

/** What keeps a key from being stored under its name, in words that follow it. */
function slipIn(profile: string, { accessKeyId, secretAccessKey }: Credentials): string | undefined {
  if (profile === '' || !isStoredKey(profile)) return 'no key can be kept under this name; add it under another one';
  if (/\s/.test(accessKeyId + secretAccessKey)) return 'the key has blanks in it; correct it where it is';
  if (/^ASIA/.test(accessKeyId)) return 'its ID is that of a temporary key, which ends by itself';
  return undefined;
}

/** A name that the config file cannot hold is no reason to leave the key where it was. */
function whyNoSection(profile: string): string | undefined {
  try {
    profileHeader(profile);
    return undefined;
  } catch (error) {
    if (error instanceof VaultError) return `the AWS config file gets no section for it: ${error.message}`;
    throw error;
  }
}

export type PlainTextLeft = { readonly file: string; readonly kind: 'credentials' | 'config' };

/**
 * Takes keys out of a file of keys in plain text, after each has been read from the vault once more and found to be the same.
 * Answers the profiles it did this for, and the copy of the file that was made first; undefined where there was nothing to do.
 * @throws VaultError CONFIG_INVALID, KEYRING_*
 */
export async function removePlainText(
  access: VaultAccess,
  { file, kind }: PlainTextLeft,
  profiles: readonly string[],
): Promise<{ readonly removed: readonly string[]; readonly backup: string } | undefined> {
  const keys = new Map<string, Credentials>();
  for (const profile of profiles) {
    const key = await storedKey(access, profile);
    if (key !== undefined && key !== 'damaged') keys.set(profile, key);
  }
  return removePlainTextKeys(file, { kind, keys, now: access.now() });
}
