import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from './directory.ts';
import { VaultError } from './errors.ts';
import type { Settings } from './settings.ts';

/** What is remembered of a stored key without its secret, so that nobody has to decrypt it or to ask AWS. */
export type KeyDate = {
  /** AWS's CreateDate where it is known. */
  readonly createdAt?: Date;
  /** When we last wrote the item. If it was changed after that, another program did, and `createdAt` is of another key. */
  readonly storedAt: Date;
  /** A rotation was begun and not ended: the vault holds both keys. */
  readonly isRotating?: boolean;
};

type Place = Pick<Settings, 'stateDir'> & {
  /** Which vault: the same name may be stored in several. */
  readonly vault: string;
};

type Entry = { readonly createdAt?: string; readonly storedAt: string; readonly isRotating?: true };
type Content = { [vault: string]: { [profile: string]: Entry } };

/** Dates of the keys in one vault, by profile. A file that is damaged or gone is as good as an empty one: it is only a memory. */
export function readKeyDates({ stateDir, vault }: Place): ReadonlyMap<string, KeyDate> {
  const entries = Object.entries(readContent(stateDir)[vault] ?? {});
  return new Map(entries.flatMap(([profile, entry]) => dateOf(profile, entry)));
}

/**
 * Remembers a key's dates, or with `undefined` forgets them. Callers hold the lock `key-dates`.
 * @throws VaultError CONFIG_INVALID when the state directory cannot be written
 */
export function writeKeyDate(place: Place, profile: string, date: KeyDate | undefined): void {
  const file = fileOf(place.stateDir);
  const content = readContent(place.stateDir);
  const { [profile]: _old, ...others } = content[place.vault] ?? {};
  const profiles = date === undefined ? others : { ...others, [profile]: entryOf(date) };
  const temporary = `${file}.${process.pid}.new`;
  try {
    makeDirectory(place.stateDir);
    writeFileSync(temporary, `${JSON.stringify({ ...content, [place.vault]: profiles }, undefined, 1)}\n`, {
      mode: 0o600,
    });
    renameSync(temporary, file);
  } catch (cause) {
    rmSync(temporary, { force: true });
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `the age of the key of ${JSON.stringify(profile)} cannot be remembered in ${file} (${reason}); make the directory your own, or set XDG_STATE_HOME to another place`;
    throw new VaultError('CONFIG_INVALID', message, { details: { file }, cause });
  }
}

function fileOf(stateDir: string): string {
  return join(stateDir, 'key-dates.json');
}

function readContent(stateDir: string): Content {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(fileOf(stateDir), 'utf8'));
  } catch {
    return {}; // not there yet, or not ours to read: the next write makes it anew
  }
  const isObject = typeof content === 'object' && content !== null && !Array.isArray(content);
  return isObject ? (content as Content) : {}; // each entry is checked when it is read
}

function dateOf(profile: string, entry: unknown): [string, KeyDate][] {
  if (typeof entry !== 'object' || entry === null) return [];
  const { createdAt, storedAt, isRotating }: Partial<Record<keyof Entry, unknown>> = entry;
  const [created, stored] = [createdAt, storedAt].map((text) => new Date(typeof text === 'string' ? text : Number.NaN));
  if (created === undefined || stored === undefined || Number.isNaN(stored.getTime())) return [];
  const known = Number.isNaN(created.getTime()) ? {} : { createdAt: created };
  return [[profile, { ...known, storedAt: stored, ...(isRotating === true && { isRotating }) }]];
}

function entryOf({ createdAt, storedAt, isRotating }: KeyDate): Entry {
  return {
    ...(createdAt !== undefined && { createdAt: createdAt.toISOString() }),
    storedAt: storedAt.toISOString(),
    ...(isRotating === true && { isRotating }),
  };
}
