import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { makeDirectory } from './directory.ts';
import type { Locks } from './engine/lock.ts';
import { VaultError } from './errors.ts';
import { TOTP_STEP_SECONDS } from './totp-window.ts';

/** The MFA codes this user has sent to AWS, from whatever process: each works once. */
export type SpentCodes = {
  /**
   * Claims a code for sending. Answers false when it was claimed before.
   * @throws VaultError CONFIG_INVALID when the list cannot be kept, CANCELLED
   */
  take(mfaSerial: string, code: string, signal: AbortSignal): Promise<boolean>;
};

export type SpentCodesOptions = {
  /** 0700, made when missing. */
  readonly dir: string;
  readonly locks: Locks;
  readonly now: () => Date;
};

type Entry = { readonly hash: string; readonly until: number };
type Ledger = { readonly salt: string; readonly codes: readonly Entry[] };

/**
 * 30 ms a guess. A code has a million values, so finding it from its hash takes hours, and after the two minutes that an entry
 * is kept it is worth nothing: the list does not become a place to steal a code from that never reached AWS.
 */
const SCRYPT = { N: 16_384, r: 8, p: 1 };
/** The present code and its neighbours: the last of these is refused by AWS when the window after it has passed. */
const KEPT_STEPS = 3;

/** A list that all processes of this user share: one small file for each device, with hashes only. */
export function spentCodes({ dir, locks, now }: SpentCodesOptions): SpentCodes {
  return {
    async take(mfaSerial, code, signal) {
      const file = `${dir}/${fileName(mfaSerial)}`;
      const release = await locks.acquire(`spent codes of ${mfaSerial}`, { signal });
      try {
        const { salt, codes } = current(readLedger(file), now());
        const hash = await hashOf(code, salt);
        if (codes.some((entry) => entry.hash === hash)) return false;
        writeLedger(dir, file, { salt, codes: [...codes, { hash, until: keptUntil(now()) }] });
        return true;
      } finally {
        release();
      }
    },
  };
}

function fileName(mfaSerial: string): string {
  const { createHash } = process.getBuiltinModule('node:crypto');
  return `${createHash('sha256').update(mfaSerial).digest('hex').slice(0, 32)}.json`;
}

function keptUntil(now: Date): number {
  const step = Math.floor(now.getTime() / 1000 / TOTP_STEP_SECONDS);
  return (step + KEPT_STEPS) * TOTP_STEP_SECONDS * 1000;
}

/** Without what has expired, or was written under a clock that has been set back since. A list that is empty gets a new salt. */
function current({ salt, codes }: Ledger, now: Date): Ledger {
  const live = codes.filter(({ until }) => until > now.getTime() && until <= keptUntil(now));
  return live.length > 0 ? { salt, codes: live } : { salt: newSalt(), codes: [] };
}

function newSalt(): string {
  return process.getBuiltinModule('node:crypto').randomBytes(16).toString('base64');
}

async function hashOf(code: string, salt: string): Promise<string> {
  const { scrypt } = process.getBuiltinModule('node:crypto');
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  scrypt(code, Buffer.from(salt, 'base64'), 32, SCRYPT, (error, key) => {
    if (error) reject(error);
    else resolve(key.toString('base64'));
  });
  return promise;
}

const EMPTY: Ledger = { salt: '', codes: [] };

function readLedger(file: string): Ledger {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isLedger(value) ? value : EMPTY;
  } catch (error) {
    // Half a file after a crash lists nothing; AWS itself refuses a code that comes again.
    if (error instanceof SyntaxError || codeOf(error) === 'ENOENT') return EMPTY;
    throw unusable(file, error);
  }
}

function isLedger(value: unknown): value is Ledger {
  if (typeof value !== 'object' || value === null || !('salt' in value) || !('codes' in value)) return false;
  return typeof value.salt === 'string' && Array.isArray(value.codes) && value.codes.every(isEntry);
}

function isEntry(value: unknown): value is Entry {
  if (typeof value !== 'object' || value === null || !('hash' in value) || !('until' in value)) return false;
  return typeof value.hash === 'string' && typeof value.until === 'number';
}

function writeLedger(dir: string, file: string, ledger: Ledger): void {
  const temporary = `${file}.new`;
  try {
    makeDirectory(dir);
    rmSync(temporary, { force: true });
    writeFileSync(temporary, JSON.stringify(ledger), { mode: 0o600, flag: 'wx' });
    renameSync(temporary, file);
  } catch (error) {
    throw unusable(file, error);
  }
}

function unusable(file: string, cause: unknown): VaultError {
  const message = `the list of used MFA codes, ${file}, cannot be kept (${codeOf(cause)}); make its directory your own, or set XDG_STATE_HOME to another place`;
  return new VaultError('CONFIG_INVALID', message, { details: { file }, cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
}
