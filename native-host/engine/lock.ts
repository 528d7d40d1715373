import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { makeDirectory } from '../directory.ts';
import { type ErrorCode, type ErrorDetails, VaultError } from '../errors.ts';

/** Lets go of a lock. With `failure`, everybody who was waiting gets that failure too. Calling it again does nothing. */
export type Release = (failure?: VaultError) => void;

export type LockOptions = {
  readonly signal: AbortSignal;
  /** Called once when somebody else holds the lock. */
  readonly onWait?: () => void;
};

/** One holder per name among all processes of this user. */
export type Locks = { acquire(name: string, options: LockOptions): Promise<Release> };

const POLL_MS = 20;
// What the holder's failure means for those who waited for the same thing: these would only fail or be asked again.
const SHARED_FAILURES: readonly ErrorCode[] = [
  'CANCELLED',
  'PROCESS_FAILED',
  'TIMEOUT',
  'MFA_REJECTED',
  'AWS_ACCESS_DENIED',
  'AWS_CREDENTIALS_INVALID',
  'SSO_LOGIN_DENIED',
  'SSO_LOGIN_EXPIRED',
  'LOGIN_DENIED',
  'LOGIN_EXPIRED',
];

/**
 * Locks as SQLite's own file locks on one small file per name: the system frees them the moment their holder dies, however it
 * dies, on every platform, and nothing stale is left to be broken. The file also remembers the last failure, so that ten
 * waiting processes do not ask ten times for a code that the person has just refused to give.
 * @param dir 0700, made when missing
 */
export function fileLocks(dir: string): Locks {
  return {
    async acquire(name, options) {
      const database = open(dir, name);
      try {
        const before = lastFailure(database)?.count;
        await begin(database, options);
        const failure = lastFailure(database);
        if (failure === undefined || failure.count === before) return releaser(database, options.signal);
        database.exec('ROLLBACK');
        throw asError(failure);
      } catch (error) {
        database.close();
        throw error;
      }
    },
  };
}

function open(dir: string, name: string): DatabaseSync {
  const { createHash } = process.getBuiltinModule('node:crypto');
  const { DatabaseSync: Database } = process.getBuiltinModule('node:sqlite');
  const file = join(dir, `${createHash('sha256').update(name).digest('hex').slice(0, 32)}.lock`);
  try {
    makeDirectory(dir);
    // Reading waits for the instant of somebody's commit; taking the lock does not wait inside SQLite (tryBegin).
    const database = new Database(file, { timeout: 5000 });
    // The file's content is worth nothing after a power cut, so nobody waits for the disk.
    database.exec('PRAGMA synchronous = OFF');
    return database;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `the directory of Keyturn's locks, ${dir}, cannot be used (${reason}); make it your own, or set XDG_STATE_HOME to another place`;
    throw new VaultError('CONFIG_INVALID', message, { details: { file: dir }, cause });
  }
}

async function begin(database: DatabaseSync, { signal, onWait }: LockOptions): Promise<void> {
  for (let isFirst = true; ; isFirst = false) {
    signal.throwIfAborted();
    if (tryBegin(database)) return;
    if (isFirst) onWait?.();
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function tryBegin(database: DatabaseSync): boolean {
  try {
    database.exec('PRAGMA busy_timeout = 0');
    database.exec('BEGIN IMMEDIATE');
    return true;
  } catch (error) {
    if (error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY) return false;
    throw error;
  } finally {
    database.exec('PRAGMA busy_timeout = 5000');
  }
}

const SQLITE_BUSY = 5;

type FailureRow = ReturnType<ReturnType<DatabaseSync['prepare']>['get']>;

function lastFailure(database: DatabaseSync): FailureRow {
  // The table is made by whoever has a failure to remember, while holding the lock: two first comers cannot collide.
  const table = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'failure'").get();
  return table === undefined ? undefined : database.prepare('SELECT count, code, message, details FROM failure').get();
}

function asError(row: NonNullable<FailureRow>): VaultError {
  // Written by `remember` below, so these columns are what it wrote.
  const details = JSON.parse(String(row.details)) as ErrorDetails;
  return new VaultError(row.code as ErrorCode, String(row.message), { details }); // same writer
}

function releaser(database: DatabaseSync, signal: AbortSignal): Release {
  return (failure) => {
    if (!database.isOpen) return;
    // A process that was stopped has answered nothing: whoever waits for it is in another terminal, or in the browser.
    const isOwn = failure?.code === 'CANCELLED' && signal.aborted;
    if (failure !== undefined && !isOwn && SHARED_FAILURES.includes(failure.code)) remember(database, failure);
    database.exec('COMMIT');
    database.close();
  };
}

function remember(database: DatabaseSync, { code, message, details }: VaultError): void {
  database.exec('CREATE TABLE IF NOT EXISTS failure (id INTEGER PRIMARY KEY, count, code, message, details)');
  database
    .prepare(
      `INSERT INTO failure (id, count, code, message, details) VALUES (1, 1, ?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET count = count + 1, code = excluded.code, message = excluded.message, details = excluded.details`,
    )
    .run(code, message, JSON.stringify(details));
}
