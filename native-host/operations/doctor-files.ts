import { readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { plainTextKeys } from '../aws/credentials-file.ts';
import { VaultError } from '../errors.ts';
import { settingsFilePath } from '../settings-file.ts';
import type { VaultAccess } from '../vault-access.ts';
import { type Finding, inTwo } from './finding.ts';

const OTHERS_MAY_WRITE = 0o022;
const OTHERS_MAY_READ = 0o044;
const ALL_USERS = 0o007;
const STICKY_BIT = 0o1000;

type Place = {
  readonly subject: string;
  readonly path: string;
  /** What others may not do with it. Whoever writes a config file chooses what is run. */
  readonly forbidden: number;
  /** The mode that mends it. */
  readonly mode: string;
  /** Where what is in it is worth less. */
  readonly isHarmless?: boolean;
};

/** Who may read and write what Keyturn relies on. What is missing is made with the right permissions. */
export function examineFiles({ settings, env }: VaultAccess): Finding[] {
  const { stateDir, fileDir, configFile, credentialsFile, homeDir } = settings;
  const all = OTHERS_MAY_READ | OTHERS_MAY_WRITE;
  const places: Place[] = [
    { subject: 'state', path: stateDir, forbidden: all, mode: '700' },
    { subject: 'vault', path: fileDir, forbidden: all, mode: '700' },
    { subject: 'settings', path: settingsFilePath(env, homeDir), forbidden: OTHERS_MAY_WRITE, mode: 'go-w' },
    { subject: 'config', path: configFile, forbidden: OTHERS_MAY_WRITE, mode: 'go-w' },
    { subject: 'config', path: dirname(configFile), forbidden: OTHERS_MAY_WRITE, mode: 'go-w' },
    {
      ...{ subject: 'credentials', path: credentialsFile, forbidden: all, mode: '600' },
      isHarmless: !holdsSecrets(credentialsFile),
    },
  ];
  const logins = loginCaches(homeDir, env).flatMap((dir) => namesIn(dir).map((name) => join(dir, name)));
  const open = logins.flatMap((path) => examineFile({ subject: 'login', path, forbidden: all, mode: '600' }));
  return [
    ...places.flatMap(examineFile),
    // There may be many, and those that are as they should be are no news.
    ...open.filter(({ level }) => level !== 'ok'),
    ...examineCopies([credentialsFile, configFile]),
  ];
}

/** Where AWS CLI and SDKs keep logins in plain text, and Keyturn where it shares them. */
function loginCaches(homeDir: string, { AWS_LOGIN_CACHE_DIRECTORY: logins }: VaultAccess['env']): string[] {
  return [logins || join(homeDir, '.aws', 'login', 'cache'), join(homeDir, '.aws', 'sso', 'cache')];
}

/** What import left of keys in plain text. */
function examineCopies(files: readonly string[]): Finding[] {
  return files.flatMap((file) => {
    const copies = namesIn(dirname(file)).filter((name) => name.startsWith(`${basename(file)}.keyturn-backup-`));
    return copies.map((name): Finding => {
      const path = join(dirname(file), name);
      const text = `${path} still has the keys in plain text that import took out`;
      return { area: 'files', subject: 'copy', level: 'note', text, remedy: `when all works: rm ${quoted(path)}` };
    });
  });
}

function namesIn(dir: string): string[] {
  try {
    return readdirSync(dir).sort();
  } catch (error) {
    // A directory that cannot be read is told of by itself.
    if (error instanceof Error && 'code' in error) return [];
    throw error;
  }
}

function examineFile({ subject, path, forbidden, mode, isHarmless = false }: Place): Finding[] {
  const found = look(path);
  if (found === undefined) return [];
  const finding = { area: 'files', subject } as const;
  if (typeof found === 'string')
    return [{ ...finding, level: 'broken', text: `${path} cannot be looked at (${found})` }];
  if (process.platform === 'win32') return [];
  const own = process.getuid?.();
  if (own !== undefined && own !== 0 && found.uid !== own && found.uid !== 0) {
    const text = `${path} belongs to another user (${found.uid})`;
    return [{ ...finding, level: 'broken', text, remedy: `make it yours: sudo chown ${own} ${quoted(path)}` }];
  }
  const shown = (found.mode & 0o777).toString(8);
  // Where everybody may make files, as in /tmp, nobody may replace those of others.
  const open = found.mode & STICKY_BIT ? 0 : found.mode & forbidden;
  if (open === 0) return [{ ...finding, level: 'ok', text: `${path} (${shown})` }];
  const what = (open & OTHERS_MAY_WRITE) === 0 ? 'read' : 'change';
  // On many systems every user has a group of his own, so what a group may do is worth a look and no alarm.
  const isGroupOnly = (open & ALL_USERS) === 0;
  const text = `${isGroupOnly ? 'its group' : 'other users'} may ${what} ${path} (${shown})`;
  const level = isGroupOnly || isHarmless ? 'note' : 'broken';
  return [{ ...finding, level, text, remedy: `chmod ${mode} ${quoted(path)}` }];
}

function holdsSecrets(file: string): boolean {
  try {
    return /^\s*aws_(secret_access_key|session_token)\s*=/im.test(readFileSync(file, 'utf8'));
  } catch (error) {
    // Not there, or told of by examinePlainText.
    if (error instanceof Error && 'code' in error) return false;
    throw error;
  }
}

/** The error's code where it cannot be looked at. */
function look(path: string): Stats | string | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code);
    throw error;
  }
}

function quoted(path: string): string {
  return /^[\w/.@%+-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}

/** Keys that lie in plain text, by the file they are in. */
export function examinePlainText({ settings }: VaultAccess): Finding[] {
  const files = [
    ['credentials', settings.credentialsFile],
    ['config', settings.configFile],
  ] as const;
  return files.flatMap(([kind, file]): Finding[] => {
    const finding = { area: 'config', subject: 'plain text' } as const;
    try {
      const names = plainTextKeys(file, kind).flatMap(({ isTemporary, profile }) => (isTemporary ? [] : [profile]));
      if (names.length === 0) return [];
      const text = `${file} has ${names.length === 1 ? 'a key' : `${names.length} keys`} in plain text: ${names.join(', ')}`;
      const remedy = 'keyturn import --from credentials --remove-plaintext';
      return [{ ...finding, level: 'note', text, remedy }];
    } catch (error) {
      // What is wrong with the config file is told once, by examineConfig.
      if (error instanceof VaultError && kind === 'config') return [];
      return [{ ...finding, level: 'broken', ...inTwo(error) }];
    }
  });
}
