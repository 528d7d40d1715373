import {
  chmodSync,
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeDirectory } from '../directory.ts';
import { VaultError } from '../errors.ts';

/** Every compact JWE starts so: base64url of `{"`. */
const JWE_START = 'eyJ';
/** No key maps to such a name, because a `%` of a key is always followed by 25. */
const TEMPORARY_START = '.keyturn-%new-';
/** A writer needs milliseconds; what is this old was left by one that was killed. */
const TEMPORARY_MAX_AGE_MS = 10 * 60 * 1000;
/** So that a named pipe that lies in the directory cannot hold us up. */
const READ_FLAGS = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0); // Windows has no O_NONBLOCK
const STICKY_BIT = 0o1000;
const WINDOWS_DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(?=$|\.)/i;

/**
 * The file name of a key: aws-vault's own (`%` as %25, `/` as %2F), so that each finds what the other wrote. Beyond that
 * only what aws-vault cannot store at all is escaped: `.` and `..`, NUL, and on Windows what its file systems reserve.
 */
export function itemFileName(key: string, platform: NodeJS.Platform = process.platform): string {
  let name = key.replace(/[%/\0]/g, percentEscape);
  if (/^\.\.?$/.test(name)) name = name.replaceAll('.', '%2E');
  if (platform !== 'win32') return name;
  return name
    .replace(/[\\:<>"|?*]/g, percentEscape)
    .replace(/\p{Cc}/gu, percentEscape)
    .replace(/[. ]$/, percentEscape)
    .replace(WINDOWS_DEVICE, (device) => percentEscape(device.charAt(0)) + device.slice(1));
}

/** The key whose item would be in a file of this name; undefined when there is no such key. */
export function keyOfItemFile(name: string, platform: NodeJS.Platform = process.platform): string | undefined {
  const key = name.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return key !== '' && itemFileName(key, platform) === name ? key : undefined;
}

/** Of a character below U+0100: nothing else is ever escaped. */
function percentEscape(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
}

/** A directory that is missing is fine: the first write makes it. */
export function requireVaultDirectory(dir: string): void {
  const found = onDisk('open', dir, () => statSync(dir, { throwIfNoEntry: false }));
  if (dir === '' || (found !== undefined && !found.isDirectory())) {
    throw new VaultError(
      'KEYRING_UNAVAILABLE',
      `the file vault ${JSON.stringify(dir)} is not a directory: choose another with --file-dir`,
      { details: { backend: 'file', file: dir } },
    );
  }
}

/**
 * Names of the files that hold items, sorted as aws-vault lists them. Opens each and reads three bytes, but for the `known` ones
 * of an earlier listing.
 */
export function itemFiles(dir: string, known: ReadonlySet<string> = new Set()): string[] {
  return possibleItemFiles(dir)
    .filter((name) => known.has(name) || startsLikeItem(join(dir, name)))
    .sort();
}

/** Names of the files that an item could be in. */
export function possibleItemFiles(dir: string): string[] {
  return directoryEntries(dir)
    .filter((entry) => (entry.isFile() || entry.isSymbolicLink()) && keyOfItemFile(entry.name) !== undefined)
    .map((entry) => entry.name);
}

function directoryEntries(dir: string): Dirent[] {
  try {
    return readdirSync(dir, { withFileTypes: true });
  } catch (error) {
    if (errno(error) === 'ENOENT') return [];
    throw diskError(error, 'list', dir);
  }
}

function startsLikeItem(path: string): boolean {
  const start = Buffer.alloc(JWE_START.length);
  try {
    const file = openSync(path, READ_FLAGS);
    try {
      readSync(file, start);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    // One that may not be read is listed: an item that is refused must not look like an item that is not there.
    if (['EACCES', 'EPERM'].includes(errno(error) ?? '')) return true;
    // Removed since the listing, or a link to something that cannot hold an item.
    if (['ENOENT', 'EISDIR', 'ELOOP', 'ENXIO'].includes(errno(error) ?? '')) return false;
    throw diskError(error, 'read', path);
  }
  return start.toString('latin1') === JWE_START;
}

/** When the item was written last, which aws-vault's writing changes too. */
export function itemFileModifiedAt(dir: string, name: string): Date | undefined {
  return statSync(join(dir, name), { throwIfNoEntry: false })?.mtime;
}

/** False where the file system takes another name for this one (macOS and Windows ignore case). */
export function isListedAs(dir: string, name: string): boolean {
  return directoryEntries(dir).some((entry) => entry.name.normalize() === name.normalize());
}

/**
 * The text of an item file; undefined when there is none, or something there that is not a file.
 * @throws VaultError KEYRING_CORRUPT for a file that is not an item, so that nobody's own file is overwritten or removed
 */
export function readItemFile(dir: string, name: string): string | undefined {
  const path = join(dir, name);
  let text: string | undefined;
  try {
    const file = openSync(path, READ_FLAGS);
    try {
      if (fstatSync(file).isFile()) text = readFileSync(file, 'utf8');
    } finally {
      closeSync(file);
    }
  } catch (error) {
    // A name too long to be stored was never stored.
    if (['ENOENT', 'EISDIR', 'ENXIO', 'ENAMETOOLONG'].includes(errno(error) ?? '')) return undefined;
    throw diskError(error, 'read', path);
  }
  // An empty file is what a crash leaves of an item that a less careful program wrote.
  if (text === undefined || text === '' || text.startsWith(JWE_START)) return text;
  throw new VaultError(
    'KEYRING_CORRUPT',
    `${JSON.stringify(path)} is not an item of the file vault: move it away, or choose another directory with --file-dir`,
    { details: { backend: 'file', file: path } },
  );
}

/**
 * Replaces the item as a whole: a reader sees the old one or the new one, and after a crash either is complete.
 * `content` gets the present time by the clock of the file system. `unless` is asked last of all, when only the rename is left.
 * Answers whether the item was written.
 */
export function writeItemFile(
  dir: string,
  name: string,
  content: (now: Date) => string,
  { unless = () => false }: { readonly unless?: () => boolean } = {},
): boolean {
  const { randomBytes } = process.getBuiltinModule('node:crypto');
  const path = join(dir, name);
  const temporary = join(dir, `${TEMPORARY_START}${process.pid}-${randomBytes(8).toString('hex')}`);
  return onDisk('write', path, () => {
    const file = openSync(temporary, 'wx', 0o600);
    try {
      try {
        writeFileSync(file, content(fstatSync(file).mtime), { flush: true });
      } finally {
        closeSync(file);
      }
      if (unless()) {
        rmSync(temporary, { force: true });
        return false;
      }
      renameSync(temporary, path);
    } catch (error) {
      rmSync(temporary, { force: true });
      throw error;
    }
    syncDirectory(dir);
    return true;
  });
}

/** Until the directory itself is on the disk, a power cut can undo the rename. */
function syncDirectory(dir: string): void {
  if (process.platform === 'win32') return; // cannot open directories; NTFS journals the rename
  const directory = openSync(dir, constants.O_RDONLY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

export function removeItemFile(dir: string, name: string): boolean {
  const path = join(dir, name);
  if (readItemFile(dir, name) === undefined) return false;
  try {
    unlinkSync(path);
  } catch (error) {
    if (errno(error) === 'ENOENT') return false; // another process was faster
    throw diskError(error, 'remove', path);
  }
  onDisk('remove', path, () => syncDirectory(dir));
  return true;
}

/** Makes the directory if it is missing, and takes it away from group and others. */
export function prepareVaultDirectory(dir: string, notice: (line: string) => void): void {
  onDisk('make', dir, () => makeDirectory(dir));
  const { mode } = onDisk('open', dir, () => statSync(dir));
  if (!isOpenToOthers(mode)) return;
  const subject = `the file vault ${JSON.stringify(dir)}`;
  // /tmp and its like are meant for all, and closing them breaks the system; what we write there is encrypted and 0600.
  if (mode & STICKY_BIT) notice(`${subject} is a directory shared by all users; choose another with --file-dir`);
  else protect([dir], 0o700, subject, notice);
}

/** To be called after a write: protects the items from group and others, and drops what killed writers left behind. */
export function tidyVaultDirectory(dir: string, notice: (line: string) => void): void {
  const now = onDisk('open', dir, () => statSync(dir)).mtimeMs; // the write has just changed the directory
  const isAbandoned = (path: string) => now - (lstatOrNothing(path)?.mtimeMs ?? now) > TEMPORARY_MAX_AGE_MS;
  for (const { name } of directoryEntries(dir)) {
    const path = join(dir, name);
    if (!name.startsWith(TEMPORARY_START) || !isAbandoned(path)) continue;
    onDisk('remove', path, () => rmSync(path, { force: true }));
  }
  const open = itemFiles(dir)
    .map((name) => join(dir, name))
    .filter((path) => isOpenToOthers(lstatOrNothing(path)?.mode ?? 0));
  if (open.length > 0) protect(open, 0o600, `${open.length} item(s) of the file vault ${JSON.stringify(dir)}`, notice);
}

function lstatOrNothing(path: string): Stats | undefined {
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isFile() ? found : undefined;
}

/** On Windows the mode says nothing: access there is by lists, inherited from the user's profile. */
export function isOpenToOthers(mode: number): boolean {
  return process.platform !== 'win32' && (mode & 0o077) !== 0;
}

/** Items are encrypted whoever can read them, so a file system without permissions is worth a line and not a refusal. */
function protect(paths: readonly string[], mode: number, subject: string, notice: (line: string) => void): void {
  try {
    for (const path of paths) chmodSync(path, mode);
    notice(`${subject} could be read by other users: mode changed to ${mode.toString(8)}`);
  } catch (error) {
    notice(`${subject} can be read by other users, and the mode cannot be changed: ${errno(error) ?? String(error)}`);
  }
}

function onDisk<T>(action: string, path: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw diskError(error, action, path);
  }
}

function errno(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/** A failed file operation in the user's words; anything but a system error passes as it is. `action` is a verb. */
export function diskError(error: unknown, action: string, path: string): unknown {
  const code = errno(error);
  if (code === undefined || error instanceof VaultError) return error;
  const remedy = REMEDIES[code] ?? `the system says ${code}`;
  return new VaultError(
    code === 'EACCES' || code === 'EPERM' ? 'KEYRING_DENIED' : 'KEYRING_UNAVAILABLE',
    `cannot ${action} ${JSON.stringify(path)} in the file vault: ${remedy}`,
    { details: { backend: 'file', file: path }, cause: error },
  );
}

const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: 'permission denied; check its owner and mode',
  EPERM: 'permission denied; check its owner and mode',
  EROFS: 'the file system is read-only; choose another directory with --file-dir',
  ENOSPC: 'the disk is full; free some space and repeat',
  EDQUOT: 'your disk quota is used up; free some space and repeat',
  ENAMETOOLONG: 'the name is too long for a file; use a shorter profile name',
  ENOENT: 'the directory above it is missing or cannot be written; choose another with --file-dir',
  ENOTDIR: 'a part of the path is not a directory; choose another with --file-dir',
  EISDIR: 'a directory has that name; move it away',
};
