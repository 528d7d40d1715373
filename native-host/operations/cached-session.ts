import type { ResolvedProfile } from '../aws/profile.ts';
import { cappedNotice } from '../engine/role-chaining.ts';
import { readSession, sessionKeyPrefix } from '../engine/session-cache.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { rfc3339 } from '../rfc3339.ts';
import { backendInUse } from '../settings.ts';
import type { CredentialsRequest, VaultAccess } from '../vault-access.ts';

const PLACE = [
  'region',
  'endpointUrl',
  'serviceEndpoints',
  'ignoresEndpoints',
  'caBundle',
  'usesFips',
  'usesDualstack',
  'output',
] as const satisfies readonly (keyof ResolvedProfile)[];

/** What a program needs to know of its profile beside the credentials. */
export type ProfilePlace = Pick<ResolvedProfile, (typeof PLACE)[number]>;

export type CachedSession = {
  readonly session: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
    /** RFC 3339, UTC. */
    readonly expiresAt: string;
  };
  readonly place: ProfilePlace;
};

/**
 * The session in the cache of the file vault or the Secret Service that serves a request as it is; undefined where there is none with enough time left, or where there is
 * something to tell about it. Only reads.
 * @throws VaultError as planning and reading do
 */
export async function cachedSession(
  access: VaultAccess,
  request: CredentialsRequest,
  signal: AbortSignal,
): Promise<CachedSession | undefined> {
  const chosen = backendInUse(access.settings);
  // Others start programs or may ask their owner something before they open.
  if (chosen !== 'secret-service' && chosen !== 'file') return undefined;
  if (chosen === 'file' && access.unlocked?.holder(access.settings.fileDir) === undefined) return undefined;
  return access.withKeyring(async (opened) => {
    // Looked at once: nothing is written in between.
    const names = await opened.keys();
    const keyring: Keyring = { ...opened, keys: async () => [...names] };
    const { steps, context, profile } = await access.plan(request, { keyring, signal });
    const prefix = sessionKeyPrefix(steps, access.env);
    if (prefix === undefined || cappedNotice(steps) !== undefined) return undefined;
    const session = await readSession(context, prefix, access.minTtlSeconds());
    const { sessionToken, expiresAt } = session ?? {};
    if (session === undefined || sessionToken === undefined || expiresAt === undefined) return undefined;
    return { session: { ...session, sessionToken, expiresAt: rfc3339(expiresAt) }, place: placeOf(profile) };
  });
}

function placeOf(profile: ResolvedProfile): ProfilePlace {
  return Object.fromEntries(PLACE.flatMap((key) => (profile[key] === undefined ? [] : [[key, profile[key]]])));
}
