import { arnResource, parseArn } from '../aws/arn.ts';
import type { Credentials } from '../aws/credentials.ts';
import { type AccessKeyState, listAccessKeys } from '../aws/iam-access-keys.ts';
import type { ResolvedProfile } from '../aws/profile.ts';
import { type CallerIdentity, getCallerIdentity, getSessionToken } from '../aws/sts.ts';
import type { Step } from '../engine/chain.ts';
import { type KeyItem, type Rotation, readKeyItem } from '../engine/key-rotation.ts';
import { planOver } from '../engine/plan-over.ts';
import { rotateKey } from '../engine/rotate-key.ts';
import type { RotateResult, RotationEvent } from '../engine/rotation-call.ts';
import { serviceOptions } from '../engine/service-options.ts';
import { isStoredKey } from '../engine/session-cache.ts';
import { VaultError } from '../errors.ts';
import type { OpenedKeyring } from '../keyring/open.ts';
import type { CallOptions, VaultAccess } from '../vault-access.ts';
import { rememberedDate, rememberKey } from './key-ages.ts';
import { isStored, replaceElsewhere, unfinishedOr } from './key-copies.ts';
import { alone } from './key-lock.ts';

/** A stored key as it is before its rotation: whose it is, and what AWS tells without an MFA code. */
export type RotationPlan = {
  /** The name that was asked for. */
  readonly profile: string;
  /** The name under which its key is stored: its own, or the one its source_profile lines lead to. */
  readonly master: string;
  readonly accessKeyId: string;
  readonly identity: CallerIdentity;
  /** None for the root user. */
  readonly userName?: string;
  /** How far a rotation came that was not finished. */
  readonly stage?: Rotation['stage'];
  /** Every key of the user, oldest first; absent where the key alone may not list them. */
  readonly keys?: readonly AccessKeyState[];
  /** When AWS made this key. */
  readonly createdAt?: Date;
  readonly mfa?: { readonly serial: string; readonly profile: string; readonly hasProcess: boolean };
  /** How the key's own profile reaches AWS. */
  readonly settings: ResolvedProfile;
};

export type RotateKeyRequest = {
  readonly plan: RotationPlan;
  /** `--no-session`: the stored key itself signs, without MFA. */
  readonly noSession: boolean;
  readonly minAgeSeconds?: number | undefined;
  readonly report: (event: RotationEvent) => void;
};

/** Seconds: the shortest session that AWS gives. A rotation takes a minute at most. */
const SESSION_SECONDS = 900;

/**
 * Finds the key behind a profile, however many source profiles away, and asks AWS whose it is and how old.
 * @throws VaultError CREDENTIALS_NOT_FOUND, PROFILE_*, CONFIG_INVALID, KEYRING_*, AWS_*, CANCELLED
 */
export function inspectKey(access: VaultAccess, profile: string, signal: AbortSignal): Promise<RotationPlan> {
  return access.withKeyring(async (keyring) => {
    const steps = await stepsTo(access, keyring, profile);
    const settings = steps[0]?.profile;
    if (settings === undefined) throw new VaultError('INTERNAL', 'a chain without steps');
    const { master, item } = await unfinishedOr(settings.name, { access, keyring });
    const service = (key: Credentials) => serviceOptions(settings, key, { env: access.env, signal });
    const { key, identity } = await identify(item, (candidate) => getCallerIdentity(service(candidate)));
    const { type, name } = arnResource(parseArn(identity.arn));
    const userName = type === 'user' ? name : undefined;
    const keys = await listAccessKeys(service(key), { userName }).catch((error: unknown) => {
      // With MFA it may be allowed: then it is asked again.
      if (error instanceof VaultError && error.code === 'AWS_ACCESS_DENIED') return undefined;
      throw error;
    });
    const createdAt = keys?.find(({ accessKeyId }) => accessKeyId === item.key.accessKeyId)?.createdAt;
    const mfa = mfaOf(steps);
    return {
      ...{ profile, master, accessKeyId: item.key.accessKeyId, identity, settings },
      ...(userName !== undefined && { userName }),
      ...(item.rotation && { stage: item.rotation.stage }),
      ...(keys && { keys }),
      ...(createdAt && { createdAt }),
      ...(mfa && { mfa }),
    };
  });
}

/**
 * Replaces a stored key by a new one, or ends what an interrupted rotation has left. Needs one MFA code where the profile has a
 * device, whatever number of calls it takes.
 * @throws VaultError MFA_REQUIRED (ask and repeat: ask.ts), AWS_*, KEYRING_*, CANCELLED
 */
export function rotateStoredKey(
  access: VaultAccess,
  request: RotateKeyRequest,
  call: CallOptions,
): Promise<RotateResult> {
  const { plan, report, minAgeSeconds } = request;
  const { master, userName, settings } = plan;
  return access.withKeyring((keyring) =>
    holding(access, rotationLock(plan), call, async () => {
      await requireUnchanged(keyring, plan);
      const known = plan.createdAt ?? rememberedDate(access, keyring, master)?.createdAt;
      let copies: readonly string[] = [];
      const remember = (createdAt: Date | undefined, isRotating: boolean, profile = master): Promise<void> =>
        rememberKey(access, keyring, { profile, date: { ...(createdAt && { createdAt }), isRotating } });
      const result = await rotateKey({
        ...{ profile: master, userName, keyring, signal: call.signal, now: access.now, report, minAgeSeconds },
        alone: (work) => alone(access, master, work),
        mark: (isUnderWay) => remember(known, isUnderWay),
        service: (key, signal = call.signal) => serviceOptions(settings, key, { env: access.env, signal }),
        signIn: signer(access, request, call),
        isStored: (accessKeyId) => isStored({ access, keyring }, accessKeyId),
        replaceElsewhere: async (old, key) => {
          copies = await replaceElsewhere({ access, keyring, master, report }, old, key);
        },
      });
      if (result.outcome === 'rotated') {
        const isResumed = result.accessKeyId === plan.accessKeyId;
        const createdAt = isResumed ? plan.createdAt : result.createdAt;
        for (const profile of [master, ...copies]) await remember(createdAt, false, profile);
      }
      return result;
    }),
  );
}

async function stepsTo(access: VaultAccess, keyring: OpenedKeyring, profile: string): Promise<readonly Step[]> {
  const stored = new Set((await keyring.keys()).filter(isStoredKey));
  const chain = access.chainOptions(await access.config(), stored, { profile, flags: {}, noSession: true });
  // aws-vault's words, which scripts may look for, and then why.
  const told = `Error determining credential name for '${profile}': No master credentials found`;
  try {
    const steps = await planOver(keyring, profile, chain);
    const source = steps[0]?.type ?? '';
    if (source === 'stored-key') return steps;
    const message = `${told}: profile ${JSON.stringify(profile)} does not begin with a stored key (${source})`;
    throw new VaultError('CREDENTIALS_NOT_FOUND', message, { details: { profile } });
  } catch (error) {
    if (!(error instanceof VaultError) || error.code !== 'CREDENTIALS_NOT_FOUND') throw error;
    const message = error.message.startsWith(told) ? error.message : `${told}: ${error.message}`;
    throw new VaultError(error.code, message, { details: error.details, cause: error });
  }
}

/** Whose key it is. Where a rotation was interrupted, the old key may be gone already, and the new one tells. */
async function identify(
  { key, rotation }: KeyItem,
  ask: (key: Credentials) => Promise<CallerIdentity>,
): Promise<{ key: Credentials; identity: CallerIdentity }> {
  try {
    return { key, identity: await ask(key) };
  } catch (error) {
    const isRefused = error instanceof VaultError && error.code === 'AWS_CREDENTIALS_INVALID';
    if (!isRefused || rotation?.stage !== 'pending') throw error;
    return { key: rotation.key, identity: await ask(rotation.key) };
  }
}

/** The user's device: the one of the profile with the key, else of the nearest profile on the way from it. */
function mfaOf(steps: readonly Step[]): RotationPlan['mfa'] {
  const profile = steps.find((step) => step.profile.mfaSerial !== undefined)?.profile;
  if (profile?.mfaSerial === undefined) return undefined;
  return { serial: profile.mfaSerial, profile: profile.name, hasProcess: profile.mfaProcess !== undefined };
}

/** A user has room for one new key only, under however many names and with however many keys that user is stored. */
function rotationLock({ identity }: RotationPlan): string {
  return `rotate,${identity.arn}`;
}

/** Holds the lock unless whoever asks for the code holds it already (ask.ts), who lets go of it. */
async function holding<T>(
  { locks }: VaultAccess,
  name: string,
  { answers, signal, onWait }: CallOptions,
  work: () => Promise<T>,
): Promise<T> {
  if (answers.held.has(name)) return work();
  const release = await locks.acquire(name, { signal, ...(onWait && { onWait }) });
  try {
    return await work();
  } finally {
    release();
  }
}

/** Two people who rotate one key at the same time mean one rotation. */
async function requireUnchanged(keyring: OpenedKeyring, { master, accessKeyId, stage }: RotationPlan): Promise<void> {
  const { key, rotation } = await readKeyItem(keyring, master);
  const isFinished = stage !== undefined && rotation === undefined;
  if (key.accessKeyId === accessKeyId && !isFinished) return;
  const message = `another process has just replaced the key of profile ${JSON.stringify(master)}; nothing was left to do`;
  throw new VaultError('CREDENTIALS_NOT_FOUND', message, { details: { profile: master } });
}

/** What signs the calls of a rotation. A session is made once, with one code, and serves to the end. */
function signer(
  access: VaultAccess,
  { plan, noSession }: RotateKeyRequest,
  { answers, signal }: CallOptions,
): (key: Credentials) => Promise<Credentials> {
  const { mfa, settings } = plan;
  if (mfa === undefined || noSession) return async (key) => key;
  const sessionKey = rotationLock(plan);
  let session: Promise<Credentials> | undefined;
  return async (key) => {
    const tokenCode = answers.tokenCode?.sessionKey === sessionKey ? answers.tokenCode.code : undefined;
    if (session === undefined && tokenCode === undefined) {
      const message = `rotating the key of profile ${JSON.stringify(plan.master)} needs an MFA code of ${mfa.serial}`;
      throw new VaultError('MFA_REQUIRED', message, {
        details: { profile: mfa.profile, mfaSerial: mfa.serial, sessionKey },
      });
    }
    session ??= getSessionToken(serviceOptions(settings, key, { env: access.env, signal }), {
      durationSeconds: SESSION_SECONDS,
      ...(tokenCode !== undefined && { mfa: { serial: mfa.serial, tokenCode } }),
    });
    return session;
  };
}
