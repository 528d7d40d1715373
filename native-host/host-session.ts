import type { Env } from './engine/context.ts';
import { asVaultError } from './errors.ts';
import { askHost, type HostKeysOptions, runningHosts } from './host-keys.ts';
import { isRecord } from './message-check.ts';
import type { CachedSession, ProfilePlace } from './operations/cached-session.ts';
import { OWN_SECRETS } from './own-secrets.ts';
import { VERSION } from './version.ts';

/** A terminal's surroundings and what it wants; a host of another version does not answer. */
export type CachedSessionRequest = {
  readonly version: string;
  readonly homeDir: string;
  /** The variables that shape what a profile means. No secrets. */
  readonly env: Env;
  readonly backend?: string | undefined;
  readonly fileDir?: string | undefined;
  readonly profile: string;
  readonly region?: string | undefined;
  readonly durationSeconds?: number | undefined;
  readonly noSession?: boolean;
};

/** Secrets that programs of AWS's are given by environment: nobody else is told. */
const AWS_SECRETS = [
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SECRET_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_SECURITY_TOKEN',
  'AWS_CONTAINER_AUTHORIZATION_TOKEN',
];

const SHAPING = /^((AWS|KEYTURN|XDG)_\w{1,80}|DBUS_SESSION_BUS_ADDRESS)$/;

/** What of an environment shapes the meaning of a profile, and where its vault is. */
export function shapingEnvironment(env: Env): Record<string, string> {
  const shaping: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined || !SHAPING.test(name)) continue;
    if (!OWN_SECRETS.includes(name) && !AWS_SECRETS.includes(name)) shaping[name] = value;
  }
  return shaping;
}

/**
 * A profile's cached session from a host that has the file vault unlocked or the Secret Service open, which saves a program the reading
 * and decrypting; undefined where no host has one. Whatever goes wrong is found and told by whoever goes on without a host.
 */
export async function sessionFromHost(
  request: Omit<CachedSessionRequest, 'version'>,
  options: HostKeysOptions,
): Promise<CachedSession | undefined> {
  const params = { ...request, version: VERSION };
  for (const address of runningHosts(options)) {
    try {
      const answer = await askHost(address, { action: 'cachedSession', params }, options);
      const session = answer && checked(answer);
      if (session !== undefined) return session;
    } catch (error) {
      options.log(`the host at ${address} gives no session: ${asVaultError(error).message}`);
    }
  }
  return undefined;
}

function checked({ session, place }: Readonly<Record<string, unknown>>): CachedSession | undefined {
  if (!isRecord(session) || !isRecord(place)) return undefined;
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = session;
  if (typeof accessKeyId !== 'string' || typeof secretAccessKey !== 'string') return undefined;
  if (typeof sessionToken !== 'string' || typeof expiresAt !== 'string') return undefined;
  // A host of this version, which reads the same config file with the same code.
  return { session: { accessKeyId, secretAccessKey, sessionToken, expiresAt }, place: place as ProfilePlace };
}
