import {
  closeSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  lstatSync,
  openSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { makeDirectory } from '../directory.ts';
import { VaultError } from '../errors.ts';
import { type ScannedSection, scanConfig } from './config-scan.ts';

/** All sections of one type and name together, the last duplicate of a key winning, as AWS's tools do. */
export type ConfigSection = {
  readonly name: string;
  /** 1-based line of the first header. */
  readonly line: number;
  /** Lower-case key -> value; nested keys are `parent.child`. Never empty strings. */
  readonly values: ReadonlyMap<string, string>;
  /** Lower-case key -> 1-based line. */
  readonly keyLines: ReadonlyMap<string, number>;
};

/** An AWS config file, in file order. A file that is missing is an empty one. */
export type ConfigFile = {
  readonly path: string;
  readonly profiles: ReadonlyMap<string, ConfigSection>;
  readonly ssoSessions: ReadonlyMap<string, ConfigSection>;
  /** The `[services NAME]` sections; endpoints are nested keys such as `sts.endpoint_url`. */
  readonly services: ReadonlyMap<string, ConfigSection>;
};

/**
 * Reads an AWS config file.
 * @throws VaultError CONFIG_INVALID with file and, for a bad line, its number
 */
export async function readConfigFile(file: string): Promise<ConfigFile> {
  const sections = scanConfig(readBytes(file)?.toString('utf8') ?? '', file);
  const profiles = merge(sections, 'profile');
  // Of both, aws-vault reads `[default]`; of `[profile default]` alone it reads nothing, and AWS's tools all of it.
  if (!profiles.has('default')) {
    for (const [name, section] of merge(sections, 'profile-default')) profiles.set(name, section);
  }
  return {
    path: file,
    profiles,
    ssoSessions: merge(sections, 'sso-session'),
    services: merge(sections, 'services'),
  };
}

/**
 * Adds a `[profile NAME]` section, with `settings` or empty, at the end of the file and changes no other byte, permission or owner; a symlink
 * stays one. A missing file is made, readable by its owner only.
 * @throws VaultError USAGE (profileHeader), CONFIG_INVALID when the file cannot be written
 */
export function appendProfile(file: string, profile: string, settings: Readonly<Record<string, string>> = {}): void {
  const lines = [profileHeader(profile), ...Object.entries(settings).map(([key, value]) => `${key} = ${value}`)];
  changeConfigFile(file, (before) => {
    const lineEnd = before.includes('\r\n') ? '\r\n' : '\n';
    const gap = before.length === 0 ? '' : before.at(-1) === NEWLINE ? lineEnd : lineEnd + lineEnd;
    return Buffer.concat([before, Buffer.from(gap + lines.map((line) => line + lineEnd).join(''))]);
  });
}

/**
 * Puts what `change` makes of the file's bytes in their place, at once or not at all. They are bytes, not text: a comment in
 * another encoding than UTF-8 has to come out as it went in. A missing file is an empty one.
 * @throws VaultError CONFIG_INVALID when the file cannot be read or written, and what `change` throws
 */
export function changeConfigFile(file: string, change: (before: Buffer) => Uint8Array): void {
  try {
    makeDirectory(dirname(file));
    replaceFile(file, change(readBytes(file) ?? Buffer.alloc(0)));
  } catch (error) {
    if (error instanceof VaultError) throw error;
    throw new VaultError('CONFIG_INVALID', `cannot write ${file}: ${reason(error)}`, {
      details: { file },
      cause: error,
    });
  }
}

const NEWLINE = 10;

/**
 * The line that begins a profile's section. A blank needs quotes, or the AWS CLI does not see the profile.
 * @throws VaultError USAGE for a name that would be read back as another one, or would break the file for every profile
 */
export function profileHeader(profile: string): string {
  const title = profile === 'default' ? 'default' : `profile ${/\s/.test(profile) ? `"${profile}"` : profile}`;
  const header = `[${title}]`;
  if (isReadAs(header, profile)) return header;
  const message = `${JSON.stringify(profile)} cannot be the name of a profile in the AWS config file; choose another name, or use --no-add-config`;
  throw new VaultError('USAGE', message, { details: { profile } });
}

function isReadAs(header: string, profile: string): boolean {
  if (/\p{Cc}/u.test(profile)) return false;
  try {
    return scanConfig(header, '').some(({ type, name }) => type === 'profile' && name === profile);
  } catch (error) {
    // That the header cannot be read is the answer.
    if (error instanceof VaultError) return false;
    throw error;
  }
}

function replaceFile(file: string, content: Uint8Array): void {
  const target = linkTarget(file);
  const old = statSync(target, { throwIfNoEntry: false });
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}.keyturn`);
  const descriptor = openSync(temporary, 'wx', old?.mode ?? 0o600);
  try {
    writeFileSync(descriptor, content);
    if (old !== undefined) {
      // The umask may have taken bits off at creation, and root writing for somebody else must not take the file over.
      fchmodSync(descriptor, old.mode);
      if (old.uid !== process.getuid?.() || old.gid !== process.getgid?.()) fchownSync(descriptor, old.uid, old.gid);
    }
    fsyncSync(descriptor);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  } finally {
    closeSync(descriptor);
  }
}

/** Where a symlink leads, also when nothing is there yet: a file put in the link's place would cut it off from its owner's. */
function linkTarget(file: string): string {
  if (!lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) return file;
  return linkTarget(resolve(realpathSync(dirname(file)), readlinkSync(file)));
}

function readBytes(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code; // fs throws nothing else
    if (code === 'ENOENT') return undefined;
    throw new VaultError('CONFIG_INVALID', `cannot read ${file}: ${reason(error)}`, {
      details: { file },
      cause: error,
    });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'a part of its path is not a directory',
  // Directories on the way are made, but not those that a link leads to.
  ENOENT: 'it is a link into a directory that does not exist',
  EROFS: 'the file system is read-only',
  ENOSPC: 'no space left on device',
};

function reason(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  const known = REASONS[String(code)];
  if (known !== undefined) return known;
  return error instanceof Error ? error.message : String(error);
}

function merge(sections: readonly ScannedSection[], type: ScannedSection['type']): Map<string, ConfigSection> {
  const merged = new Map<string, ConfigSection>();
  for (const section of sections) {
    if (section.type !== type || section.name === '') continue;
    const earlier = merged.get(section.name);
    if (earlier === undefined) {
      merged.set(section.name, section);
      continue;
    }
    const values = new Map(earlier.values);
    // A later line that takes a value away counts too.
    for (const key of section.keyLines.keys()) values.delete(key);
    for (const [key, value] of section.values) values.set(key, value);
    const keyLines = new Map([...earlier.keyLines, ...section.keyLines]);
    merged.set(section.name, { name: section.name, line: earlier.line, values, keyLines });
  }
  return merged;
}

/** As aws-vault lists them: an empty `[default]` is no profile anybody made. */
export function visibleProfiles(config: ConfigFile): string[] {
  const profiles = [...config.profiles.values()];
  // The values of all others stay unread.
  return profiles.filter((one) => one.name !== 'default' || one.values.size > 0).map(({ name }) => name);
}
