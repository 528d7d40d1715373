import { lstatSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { makeDirectory } from './directory.ts';
import { VaultError } from './errors.ts';

export type PlaceOptions = {
  readonly stateDir: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform?: NodeJS.Platform;
  /** Of the user this process runs as; undefined on Windows. */
  readonly uid?: number | undefined;
  /** The user's name: part of the pipes' names on Windows. */
  readonly userName?: string;
  readonly readDirectory?: (dir: string) => string[];
};

/** Where hosts of one user and one state directory are found by terminals of the same. */
export type SocketPlace = {
  /** The directory to watch for hosts that come and go; undefined where pipes have no directory. */
  readonly dir: string | undefined;
  /** Where a host listens; `attempt` from 1 on gives other names where one is taken. */
  readonly address: (pid: number, attempt?: number) => string;
  /** Addresses that hosts listen, or have listened, on. */
  readonly list: () => string[];
  /** The process behind an address. */
  readonly pidOf: (address: string) => number;
};

/** The sockaddr_un of the two systems less the closing NUL. */
const MAX_PATH_BYTES = { linux: 107, darwin: 103 } as const;
const LONGEST_NAME = 'host-4294967295-9.sock';
const SOCKET_NAME = /^host-(\d+)(?:-\d+)?\.sock$/;
const PIPE_DIR = '\\\\.\\pipe\\';

/**
 * The same answer for a host and for a terminal of one user with one state directory. Where the state directory's path is too
 * long for a socket, a directory of the system's temporary one takes its place.
 * @throws VaultError CONFIG_INVALID when that is too long as well
 */
export function socketPlace(options: PlaceOptions): SocketPlace {
  const { platform = process.platform } = options;
  return platform === 'win32' ? pipePlace(options) : directoryPlace(socketDirectory(options), options);
}

/** @throws VaultError CONFIG_INVALID */
export function socketDirectory({ stateDir, env, uid = ownUid(), platform = process.platform }: PlaceOptions): string {
  const max = platform === 'darwin' ? MAX_PATH_BYTES.darwin : MAX_PATH_BYTES.linux;
  const fits = (dir: string) => Buffer.byteLength(join(dir, LONGEST_NAME)) <= max;
  if (fits(stateDir)) return stateDir;
  const { createHash } = process.getBuiltinModule('node:crypto');
  const hash = createHash('sha256').update(stateDir).digest('hex').slice(0, 16);
  const dir = join(env.TMPDIR || '/tmp', `keyturn-${uid}-${hash}`);
  if (fits(dir)) return dir;
  const message = `${JSON.stringify(stateDir)} is too long a path for a socket, and so is ${JSON.stringify(dir)}; set TMPDIR to /tmp`;
  throw new VaultError('CONFIG_INVALID', message, { details: { file: dir } });
}

/** Makes the directory, which only its owner may enter, and checks it. @throws VaultError CONFIG_INVALID */
export function makePrivateDirectory(dir: string, uid = ownUid()): void {
  try {
    makeDirectory(dir);
  } catch (cause) {
    if (errno(cause) !== 'EEXIST') throw refusal(dir, `cannot be made: ${errno(cause)}`, cause);
  }
  checkPrivateDirectory(dir, uid);
}

/**
 * Whoever could write here could listen in a host's place, or ask in a terminal's. A missing directory is fine: nobody listens.
 * @throws VaultError CONFIG_INVALID
 */
export function checkPrivateDirectory(dir: string, uid = ownUid()): void {
  const found = lstatSync(dir, { throwIfNoEntry: false });
  if (found === undefined) return;
  if (!found.isDirectory()) throw refusal(dir, 'is not a directory; move it away');
  if (uid !== undefined && found.uid !== uid) throw refusal(dir, `belongs to user ${found.uid}; move it away`);
  if ((found.mode & 0o777) === 0o700) return;
  throw refusal(dir, `has mode ${(found.mode & 0o777).toString(8)}; run: chmod 700 ${dir}`);
}

function refusal(dir: string, problem: string, cause?: unknown): VaultError {
  const message = `the directory of the browser's socket must be private to you, and ${JSON.stringify(dir)} ${problem}`;
  return new VaultError('CONFIG_INVALID', message, { details: { file: dir }, cause });
}

function directoryPlace(dir: string, { readDirectory = entries }: PlaceOptions): SocketPlace {
  return {
    dir,
    address: (pid, attempt = 1) => join(dir, attempt === 1 ? `host-${pid}.sock` : `host-${pid}-${attempt}.sock`),
    list: () => readDirectory(dir).flatMap((name) => (SOCKET_NAME.test(name) ? join(dir, name) : [])),
    pidOf: (address) => Number(SOCKET_NAME.exec(basename(address))?.[1]),
  };
}

/**
 * Pipes live in one flat directory of all users, and a pipe made by Node may be written to by its owner only. The user's name
 * keeps users apart; characters that a pipe's name cannot hold are escaped.
 */
function pipePlace({ userName = ownName(), readDirectory = entries }: PlaceOptions): SocketPlace {
  const prefix = `keyturn-${encodeURIComponent(userName.toLowerCase())}-`;
  const isOurs = (name: string) => name.startsWith(prefix) && /^\d+(-\d+)?$/.test(name.slice(prefix.length));
  return {
    dir: undefined,
    address: (pid, attempt = 1) => `${PIPE_DIR}${prefix}${pid}${attempt === 1 ? '' : `-${attempt}`}`,
    list: () => readDirectory(PIPE_DIR).flatMap((name) => (isOurs(name) ? PIPE_DIR + name : [])),
    pidOf: (address) => Number.parseInt(address.slice(PIPE_DIR.length + prefix.length), 10),
  };
}

function entries(dir: string): string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (errno(error) === 'ENOENT') return []; // no host has ever run
    throw error;
  }
}

function ownUid(): number | undefined {
  return process.getuid?.();
}

function ownName(): string {
  return process.getBuiltinModule('node:os').userInfo().username;
}

export function errno(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
