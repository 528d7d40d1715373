import type { Credentials } from '../aws/credentials.ts';
import type { CredentialSource, Duration, ResolvedProfile } from '../aws/profile.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { rfc3339 } from '../rfc3339.ts';
import type { Step } from './chain.ts';
import type { Context } from './context.ts';

/** A cached session's place in the keyring, as aws-vault names it: `TYPE,b64url(PROFILE),b64url(MFA),UNIXEXP`. */
export type SessionKey = {
  readonly type: string;
  readonly profile: string;
  readonly mfa: string;
  readonly expiresAt: Date;
};

const PATTERN = /^([^,]+),([A-Za-z0-9_-]+),([A-Za-z0-9_-]*),([0-9]+)$/;
// Names that older aws-vault versions gave their sessions; they are sessions too, and long expired.
const LEGACY_PATTERNS = [/^session,[^,]+,[^,]*,[0-9]{2,}$/, /^session:[^ ]+:[^ ]*:[^:]+$/, /^.+? session \(\d+\)$/];
/** What an SSO token's key begins with, for aws-vault too. */
export const SSO_TOKEN_PREFIX = 'oidc:';
/** What the key of a client that is registered to get such tokens begins with. */
export const SSO_CLIENT_PREFIX = 'oidc:keyturn-client:';
const TYPES = {
  'session-token': 'sts.GetSessionToken',
  'assume-role': 'sts.AssumeRole',
  'web-identity': 'sts.AssumeRoleWithWebIdentity',
  saml: 'sts.AssumeRoleWithSAML',
  'sso-role': 'sso.GetRoleCredentials',
  'credential-process': 'credential_process',
  'login-session': 'login_session',
  'credential-source': 'credential_source',
} as const;

/** The session a keyring key stands for, or undefined for a stored key, a token or a legacy name. */
export function parseSessionKey(key: string): SessionKey | undefined {
  const [, type, profile, mfa, expires] = PATTERN.exec(key) ?? [];
  if (type === undefined || profile === undefined || mfa === undefined || expires === undefined) return undefined;
  // `session,PROFILE,MFA,EXP` of older versions has the same form, but nothing in it is encoded.
  if (isLegacySession(key)) return undefined;
  return { type, profile: fromBase64(profile), mfa: fromBase64(mfa), expiresAt: new Date(Number(expires) * 1000) };
}

/** Whether a keyring key holds a stored key: aws-vault counts whatever is no session and no SSO token. */
export function isStoredKey(key: string): boolean {
  return !key.startsWith(SSO_TOKEN_PREFIX) && parseSessionKey(key) === undefined && !isLegacySession(key);
}

/** An SSO token, of ours or of aws-vault's. */
export function isSsoToken(key: string): boolean {
  return key.startsWith(SSO_TOKEN_PREFIX) && !key.startsWith(SSO_CLIENT_PREFIX);
}

export function isLegacySession(key: string): boolean {
  return LEGACY_PATTERNS.some((pattern) => pattern.test(key));
}

/**
 * The name, without its expiry, under which the result of a chain's last step is cached. Every input that shapes the
 * credentials goes into it through `fingerprint`, so an edited role or another region never gets an old session. The
 * fingerprint takes the place of aws-vault's serial: aws-vault sees a session, never one it would use as its own.
 */
export function sessionKeyPrefix(steps: readonly Step[], env: Context['env']): string | undefined {
  const step = steps.at(-1);
  if (step === undefined || step.type === 'stored-key') return undefined;
  return `${TYPES[step.type]},${toBase64(step.profile.name)},${toBase64(`${madeHow(steps)}${fingerprint(steps, env)}`)},`;
}

const WITH_MFA = 'keyturn-mfa:';
const WITHOUT_MFA = 'keyturn:';

function madeHow(steps: readonly Step[]): string {
  return steps.some((step) => 'mfaSerial' in step && step.mfaSerial !== undefined) ? WITH_MFA : WITHOUT_MFA;
}

/** Whether an MFA code stands behind a session, also one given for its source; undefined where its name does not say. */
export function usedMfa({ type, mfa }: SessionKey): boolean | undefined {
  if (mfa.startsWith(WITH_MFA)) return true;
  if (mfa.startsWith(WITHOUT_MFA)) return false;
  // aws-vault's own: the serial, or nothing, where it asked for a code; elsewhere the field holds something else.
  return type === TYPES['session-token'] || type === TYPES['assume-role'] ? mfa !== '' : undefined;
}

function fingerprint(steps: readonly Step[], env: Context['env']): string {
  const { createHash } = process.getBuiltinModule('node:crypto');
  return createHash('sha256')
    .update(JSON.stringify(steps.map((step) => inputs(step, env))))
    .digest('base64url')
    .slice(0, 22);
}

function inputs(step: Step, env: Context['env']): readonly unknown[] {
  const { profile } = step;
  const common = [step.type, profile.name];
  if (step.type === 'stored-key') return common;
  if (step.type === 'credential-process') return [...common, step.command];
  if (step.type === 'login-session') return [...common, step.loginSession];
  if (step.type === 'credential-source') return [...common, step.source, ...sourceInputs(step.source, env)];
  const place = [...common, ...endpointInputs(profile, env)];
  if (step.type === 'sso-role') {
    const { startUrl, region, accountId, roleName } = step.sso;
    return [...place, startUrl, region, accountId, roleName];
  }
  const call = [...place, profile.region, profile.usesLegacySts, durationClass(step.duration)];
  if (step.type === 'session-token') return [...call, step.mfaSerial];
  const role = [...call, step.roleArn, profile.roleSessionName];
  if (step.type === 'web-identity') return [...role, step.token];
  if (step.type === 'saml') return [...role, step.saml];
  const { externalId, sourceIdentity, sessionTags, transitiveTagKeys } = profile;
  return [...role, step.mfaSerial, externalId, sourceIdentity, sessionTags, transitiveTagKeys];
}

/** Another endpoint may be another AWS, such as a test's. */
function endpointInputs(profile: ResolvedProfile, env: Context['env']): readonly unknown[] {
  const variables = ['AWS_ENDPOINT_URL', 'AWS_ENDPOINT_URL_STS', 'AWS_ENDPOINT_URL_SSO'].map((name) => env[name]);
  const { endpointUrl, serviceEndpoints, ignoresEndpoints, usesFips, usesDualstack } = profile;
  const { sts, sso } = serviceEndpoints ?? {};
  const ignores = env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS;
  const isIgnored = ignores ? ignores.toLowerCase() === 'true' : ignoresEndpoints;
  return [isIgnored ? 'ignored' : [...variables, endpointUrl, sts, sso], usesFips, usesDualstack];
}

/** Whose credentials the surroundings give: a role assumed with other ones is another session. */
function sourceInputs(source: CredentialSource, env: Context['env']): readonly unknown[] {
  if (source === 'Environment') return [env.AWS_ACCESS_KEY_ID];
  if (source === 'Ec2InstanceMetadata') return [env.AWS_EC2_METADATA_SERVICE_ENDPOINT];
  return [env.AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, env.AWS_CONTAINER_CREDENTIALS_FULL_URI];
}

/**
 * How long a session was meant to last, as far as somebody cared. Nobody asked for a length by default, so a user's session and
 * the longer one for its roles stand in for each other, and one MFA code serves both; `-d 12h` is never given a shorter one.
 */
function durationClass({ seconds, isDefault }: Duration): number | 'default' {
  return isDefault ? 'default' : seconds;
}

/** A cached session with at least `minTtlSeconds` left. Other than a miss, every keyring failure is thrown. */
export async function readSession(
  context: Context,
  prefix: string,
  minTtlSeconds: number,
): Promise<Credentials | undefined> {
  const found = findSession(await context.keyring.keys(), prefix);
  const earliest = context.now().getTime() + minTtlSeconds * 1000;
  if (found === undefined || found.expiresAt.getTime() < earliest) return undefined;
  const item = await context.keyring.get(found.key);
  return item === undefined ? undefined : parseSession(item.data);
}

/** Of the keyring keys with this prefix the one that lasts longest. Needs no passphrase: its name says when it ends. */
export function findSession(keys: readonly string[], prefix: string): (SessionKey & { key: string }) | undefined {
  let found: (SessionKey & { key: string }) | undefined;
  for (const key of keys) {
    const session = key.startsWith(prefix) ? parseSessionKey(key) : undefined;
    if (session !== undefined && (found === undefined || session.expiresAt > found.expiresAt))
      found = { ...session, key };
  }
  return found;
}

/** Stores a session, then removes what it replaces and every session that has expired. */
export async function writeSession(
  context: Context,
  prefix: string,
  credentials: Required<Credentials>,
): Promise<void> {
  const { keyring } = context;
  const key = `${prefix}${Math.floor(credentials.expiresAt.getTime() / 1000)}`;
  const profile = parseSessionKey(key)?.profile ?? '';
  const expires = rfc3339(credentials.expiresAt);
  const data = JSON.stringify({
    AccessKeyId: credentials.accessKeyId,
    Expiration: expires,
    SecretAccessKey: credentials.secretAccessKey,
    SessionToken: credentials.sessionToken,
  });
  const label = `aws-vault session for ${profile} (expires ${expires})`;
  await keyring.set({ key, data, label, description: 'aws-vault session' });
  for (const other of await keyring.keys()) {
    const expiresAt = parseSessionKey(other)?.expiresAt;
    const isStale = expiresAt !== undefined && (expiresAt <= context.now() || other.startsWith(prefix));
    if (isStale && other !== key) await keyring.remove(other);
  }
}

/** Removes the session cached under `prefix`. */
export async function forgetSession(keyring: Keyring, prefix: string): Promise<void> {
  for (const key of await keyring.keys()) if (key.startsWith(prefix)) await keyring.remove(key);
}

/**
 * Removes the cached sessions of one profile, or all sessions and SSO tokens; answers how many there were. `keys`: those to look
 * among, where they were listed already.
 */
export async function removeSessions(keyring: Keyring, profile?: string, keys?: readonly string[]): Promise<number> {
  let count = 0;
  for (const key of keys ?? (await keyring.keys())) {
    const isMeant = profile === undefined ? !isStoredKey(key) : parseSessionKey(key)?.profile === profile;
    // A registration goes with the tokens it is for, and is no session.
    if (isMeant && (await keyring.remove(key)) && !key.startsWith(SSO_CLIENT_PREFIX)) count += 1;
  }
  return count;
}

/** A session that cannot be read is as good as none: another one is made and takes its place. */
function parseSession(data: string): Credentials | undefined {
  const value = parseObject(data);
  const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = value;
  if (typeof AccessKeyId !== 'string' || typeof SecretAccessKey !== 'string') return undefined;
  if (typeof SessionToken !== 'string' || typeof Expiration !== 'string') return undefined;
  return {
    accessKeyId: AccessKeyId,
    secretAccessKey: SecretAccessKey,
    sessionToken: SessionToken,
    expiresAt: new Date(Expiration),
  };
}

function parseObject(data: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

function toBase64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64url');
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64url').toString('utf8');
}
