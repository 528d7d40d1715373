import type { Credentials } from '../aws/credentials.ts';
import { VaultError } from '../errors.ts';
import { type DerivedType, isDerived, type SourceType, type Step } from './chain.ts';
import type { Context } from './context.ts';
import type { Locks, Release } from './lock.ts';
import { checkRoleChaining } from './role-chaining.ts';
import { forgetSession, readSession, sessionKeyPrefix, writeSession } from './session-cache.ts';
import { readStoredKey } from './stored-key.ts';

/** What a caller has found out so far and brings along when it repeats a call (ask.ts). */
export type Answers = {
  /** Locks the caller holds for sessions it has been asking about: session key -> its release. */
  readonly held: Map<string, Release>;
  readonly tokenCode?: { readonly sessionKey: string; readonly code: string };
  /** What sources outside the vault have given: they are not asked again when the call is repeated with a code. */
  readonly given: Map<string, Credentials>;
};

export type CredentialsOptions = {
  readonly context: Context;
  readonly locks: Locks;
  readonly answers: Answers;
  /** A cached session with less time left is not used. */
  readonly minTtlSeconds: number;
  /** Called when another process is getting the same session. */
  readonly onWait?: () => void;
};

/** Temporary credentials from a source's, for each kind of step. `tokenCode` is there whenever the step has a serial. */
export type Provider<T extends DerivedType> = (
  step: Extract<Step, { type: T }>,
  source: Credentials,
  call: { readonly context: Context; readonly tokenCode: string | undefined },
) => Promise<Required<Credentials>>;

/** Credentials that a chain begins with, from where they come. Those that expire are cached. */
export type Source<T extends SourceType> = (
  step: Extract<Step, { type: T }>,
  call: Pick<CredentialsOptions, 'context' | 'locks' | 'onWait'>,
) => Promise<Credentials>;

// Loaded when AWS or a program has to be asked, which with a cached session it has not.
const providers: { [T in DerivedType]: () => Promise<Provider<T>> } = {
  'session-token': async () => (await import('./session-token.ts')).sessionToken,
  'assume-role': async () => (await import('./assume-role.ts')).assumeRole,
};

const sources: { [T in Exclude<SourceType, 'stored-key'>]: () => Promise<Source<T>> } = {
  'sso-role': async () => (await import('./sso-role.ts')).ssoRole,
  'web-identity': async () => (await import('./web-identity.ts')).webIdentity,
  saml: async () => (await import('./saml.ts')).saml,
  'credential-process': async () => (await import('./credential-process.ts')).credentialProcess,
  'login-session': async () => (await import('./login-session.ts')).loginSession,
  'credential-source': async () => (await import('./credential-source.ts')).credentialSource,
};

/**
 * Runs a chain's steps through the cache: the last cached session wins, and only what comes after it is asked of AWS. A
 * process that needs a session somebody else is getting waits for that one.
 * @throws VaultError MFA_REQUIRED with `details.sessionKey`: repeat with that lock held and a token code (ask.ts);
 *   MFA_REJECTED, CREDENTIALS_NOT_FOUND, AWS_*, KEYRING_*
 */
export async function credentialsOf(steps: readonly Step[], options: CredentialsOptions): Promise<Credentials> {
  const step = steps.at(-1);
  const { context, answers } = options;
  if (step === undefined) throw new VaultError('INTERNAL', 'a chain without steps');
  const sessionKey = sessionKeyPrefix(steps, context.env);
  if (step.type === 'stored-key' || sessionKey === undefined) return readStoredKey(context.keyring, step.profile.name);
  const cached = await readSession(context, sessionKey, options.minTtlSeconds);
  if (cached !== undefined) {
    context.log(`using the cached ${step.type} session of profile '${step.profile.name}'`);
    answers.held.get(sessionKey)?.();
    return cached;
  }
  checkRoleChaining(steps);
  if (!isDerived(step)) return sourceSession(step, sessionKey, options);
  // Before anything is unlocked for it.
  if (step.mfaSerial !== undefined) await refuse(step, context);
  // Before this step's lock: whoever holds a lock never waits for one nearer to the key, so nobody waits in a circle.
  const source = await credentialsOf(steps.slice(0, -1), options);
  const tokenCode = answers.tokenCode?.sessionKey === sessionKey ? answers.tokenCode.code : undefined;
  if (step.mfaSerial !== undefined && tokenCode === undefined) {
    await preload();
    throw mfaRequired(step, step.mfaSerial, sessionKey);
  }
  return locked(sessionKey, options, async () => {
    // Whoever held the lock before may have made it.
    const session = await readSession(context, sessionKey, options.minTtlSeconds);
    if (session !== undefined) return session;
    context.log(`${step.type} for profile '${step.profile.name}': ${step.reason}`);
    const made = await run(step, source, { context, tokenCode }).catch(async (error) => {
      const newer = await newerKey(error, steps, { source, keyring: context.keyring });
      return newer === undefined ? forgetSource(error, steps, context) : run(step, newer, { context, tokenCode });
    });
    await writeSession(context, sessionKey, made);
    return made;
  });
}

/** Credentials from outside the vault; those that expire are kept, so that the next program does not ask for them again. */
async function sourceSession(
  step: Exclude<Step, { type: DerivedType | 'stored-key' }>,
  sessionKey: string,
  options: CredentialsOptions,
): Promise<Credentials> {
  const { context, answers } = options;
  const given = answers.given.get(sessionKey);
  if (given !== undefined) return given;
  await refuse(step, context);
  return locked(sessionKey, options, async () => {
    const session = await readSession(context, sessionKey, options.minTtlSeconds);
    if (session !== undefined) return session;
    context.log(`${step.type} for profile '${step.profile.name}': ${step.reason}`);
    // The union's member and its source belong together, which the table says and an index by a union does not.
    const source = (await sources[step.type]()) as Source<typeof step.type>;
    const made = await source(step as never, options); // as above
    options.answers.given.set(sessionKey, made);
    const { sessionToken, expiresAt } = made;
    // AWS's tools keep a login themselves, and a logout there is to count here.
    const isKept = step.type !== 'login-session';
    if (isKept && sessionToken !== undefined && expiresAt !== undefined) {
      await writeSession(context, sessionKey, { ...made, sessionToken, expiresAt });
    }
    return made;
  });
}

async function run(
  step: Extract<Step, { type: DerivedType }>,
  source: Credentials,
  call: Parameters<Provider<'session-token'>>[2],
): Promise<Required<Credentials>> {
  return step.type === 'session-token'
    ? (await providers['session-token']())(step, source, call)
    : (await providers['assume-role']())(step, source, call);
}

/** Where this process was itself started to answer for the same profile. @throws VaultError PROFILE_LOOP */
async function refuse(step: Step, { env }: Context): Promise<void> {
  const { refuseCircle } = await import('./resolving.ts');
  refuseCircle(step, env);
}

/** The SDK loads while the person types the code. */
async function preload(): Promise<void> {
  const { preloadSts } = await import('../aws/sts.ts');
  preloadSts();
}

/** The stored key, where AWS refused the one that was read before a rotation had replaced it. */
async function newerKey(
  error: unknown,
  steps: readonly Step[],
  { source, keyring }: { readonly source: Credentials; readonly keyring: Context['keyring'] },
): Promise<Credentials | undefined> {
  const first = steps.at(-2);
  const isRefused = error instanceof VaultError && error.code === 'AWS_CREDENTIALS_INVALID';
  if (!isRefused || first?.type !== 'stored-key') return undefined;
  const key = await readStoredKey(keyring, first.profile.name);
  return key.accessKeyId === source.accessKeyId ? undefined : key;
}

/** AWS no longer takes the session that a step starts from, whatever time it had left: the next try makes another one. */
async function forgetSource(error: unknown, steps: readonly Step[], { env, keyring }: Context): Promise<never> {
  const source = sessionKeyPrefix(steps.slice(0, -1), env);
  const isRefused = error instanceof VaultError && error.code === 'AWS_CREDENTIALS_INVALID';
  if (isRefused && source !== undefined) await forgetSession(keyring, source);
  throw error;
}

/** Holds the session's lock around `work`, unless the caller holds it already; either way it is free once the session exists. */
async function locked<T>(sessionKey: string, options: CredentialsOptions, work: () => Promise<T>): Promise<T> {
  const held = options.answers.held.get(sessionKey);
  if (held !== undefined) {
    const result = await work();
    held();
    return result;
  }
  const { signal } = options.context;
  const release = await options.locks.acquire(sessionKey, {
    signal,
    ...(options.onWait && { onWait: options.onWait }),
  });
  try {
    return await work();
  } catch (error) {
    if (error instanceof VaultError) release(error);
    throw error;
  } finally {
    release();
  }
}

function mfaRequired(step: Step, mfaSerial: string, sessionKey: string): VaultError {
  const profile = step.profile.name;
  const message = `profile ${JSON.stringify(profile)} needs an MFA code of ${mfaSerial}`;
  return new VaultError('MFA_REQUIRED', message, { details: { profile, mfaSerial, sessionKey } });
}
