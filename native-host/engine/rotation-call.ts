import type { Credentials } from '../aws/credentials.ts';
import type { ServiceOptions } from '../aws/sts.ts';
import { VaultError } from '../errors.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { type KeyItem, type Rotation, readKeyItem, writeKeyItem } from './key-rotation.ts';

/** What a person who watches a rotation is told. Access key IDs are whole here: whoever shows them shortens them. */
export type RotationEvent =
  | { readonly type: 'resuming'; readonly stage: Rotation['stage'] }
  | { readonly type: 'unused-key-deleted'; readonly accessKeyId: string }
  | { readonly type: 'creating' }
  /** A Ctrl-C that has to wait for AWS's answer. */
  | { readonly type: 'stopping' }
  | { readonly type: 'created'; readonly accessKeyId: string }
  | { readonly type: 'copy-replaced'; readonly profile: string }
  | { readonly type: 'sessions-deleted'; readonly profile: string; readonly count: number }
  /** The key that is deleted now also lies in plain text, where other programs find it. */
  | {
      readonly type: 'left-in-plain-text';
      readonly profile: string;
      readonly file: string;
      readonly lines: readonly number[];
    }
  | { readonly type: 'deleting'; readonly accessKeyId: string }
  | { readonly type: 'deleted'; readonly accessKeyId: string }
  /** Something the user's policies do not allow, that the rotation can do without. */
  | { readonly type: 'not-allowed'; readonly action: string; readonly consequence: string };

export type RotateOptions = {
  /** Under whose name the key is stored. */
  readonly profile: string;
  /** IAM name of the user whose key it is; none for the root user. */
  readonly userName: string | undefined;
  readonly keyring: Keyring;
  /** Runs `work` while no other process changes the stored key. */
  readonly alone: <T>(work: () => Promise<T>) => Promise<T>;
  readonly now: () => Date;
  readonly signal: AbortSignal;
  /** How AWS is reached with these credentials. `signal` where the call must not end half-way because of a Ctrl-C. */
  readonly service: (credentials: Credentials, signal?: AbortSignal) => ServiceOptions;
  /** What signs calls of IAM: the key itself, or one session with MFA, the same for the whole rotation. */
  readonly signIn: (key: Credentials) => Promise<Credentials>;
  /** Whether the vault has the secret of this key, under whatever name. */
  readonly isStored: (accessKeyId: string) => Promise<boolean>;
  /** Called once the old key is no longer the stored one, and again after a crash: copies of the key and sessions go. */
  readonly replaceElsewhere: (old: Credentials, key: Credentials) => Promise<void>;
  /** Called when the vault begins, and when it ends, to hold something unfinished. */
  readonly mark: (isUnderWay: boolean) => Promise<void>;
  readonly report: (event: RotationEvent) => void;
  /** A key that AWS made more recently than so many seconds ago is left as it is. */
  readonly minAgeSeconds?: number | undefined;
  /** How long AWS may need to know a new key everywhere. Default 60000. */
  readonly settleMs?: number | undefined;
};

export type RotateResult =
  | { readonly outcome: 'rotated'; readonly accessKeyId: string; readonly createdAt: Date | undefined }
  | { readonly outcome: 'too-young'; readonly createdAt: Date };

export type Creating = Extract<Rotation, { stage: 'creating' }>;
export type Pending = Extract<Rotation, { stage: 'pending' }>;

const SETTLE_MS = 60_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 4000;

/**
 * Repeats `call` while AWS does not know its credentials yet: IAM tells its servers one after the other.
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html#troubleshoot_general_eventual-consistency
 */
export async function settled<T>({ signal, settleMs = SETTLE_MS }: RotateOptions, call: () => Promise<T>): Promise<T> {
  const { setTimeout: sleep } = await import('node:timers/promises');
  const until = performance.now() + settleMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      return await call();
    } catch (error) {
      if (!hasCode(error, 'AWS_CREDENTIALS_INVALID') || performance.now() + pauseMs > until) throw error;
      await sleep(pauseMs, undefined, { signal });
    }
  }
}

/**
 * Writes how far the rotation has come, as long as `before` is still the stored key: somebody may have stored another key, removed
 * this one or moved it to another vault, and that is not to be undone.
 * @throws VaultError CREDENTIALS_NOT_FOUND
 */
export function store(options: RotateOptions, before: Credentials, item: KeyItem): Promise<void> {
  const { keyring, profile, mark, alone } = options;
  return alone(async () => {
    const { key } = await readKeyItem(keyring, profile);
    if (key.accessKeyId !== before.accessKeyId) {
      const message = `another key was stored for profile ${JSON.stringify(profile)} during its rotation, and was left alone`;
      throw new VaultError('CREDENTIALS_NOT_FOUND', message, { details: { profile } });
    }
    if (item.rotation?.stage === 'creating') await mark(true);
    await writeKeyItem(keyring, profile, item);
    if (item.rotation === undefined) await mark(false);
  });
}

/** Leaves `key` by itself in its item: nothing is under way any more. @throws VaultError CREDENTIALS_NOT_FOUND as `store` does */
export function forgetRotation(options: RotateOptions, key: Credentials): Promise<void> {
  return store(options, key, { key });
}

/** For a key that is to be deleted: one that is not there any more is as good. */
export function orGone(error: unknown): void {
  const isGone = error instanceof VaultError && (error.details.awsCode?.startsWith('NoSuchEntity') ?? false);
  if (!isGone) throw error;
}

export function hasCode(error: unknown, ...codes: readonly VaultError['code'][]): error is VaultError {
  return error instanceof VaultError && codes.includes(error.code);
}

/** The same failure in other words. */
export function reworded({ code, details, cause }: VaultError, message: string): VaultError {
  return new VaultError(code, message, { details, cause });
}

export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** As aws-vault shows a key: its last four characters. */
export function masked(accessKeyId: string): string {
  return `****************${accessKeyId.slice(-4)}`;
}
