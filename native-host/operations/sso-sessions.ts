import { visibleProfiles } from '../aws/config-file.ts';
import { heldTokens } from '../engine/sso-held.ts';
import { bareStartUrl } from '../engine/sso-json.ts';
import { silentSsoToken } from '../engine/sso-token.ts';
import { isUsable } from '../engine/sso-usable.ts';
import { VaultError } from '../errors.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { CallOptions, VaultAccess } from '../vault-access.ts';
import {
  findSsoEntry,
  type SsoEntry,
  type SsoTarget,
  type SsoTargetName,
  ssoCall,
  ssoEntries,
} from './sso-instances.ts';

/** An instance of IAM Identity Center that the config file knows. */
export type SsoSessionName = {
  readonly target: SsoTarget;
  /** The name of its `[sso-session]`; absent where profiles have the start URL themselves. */
  readonly session?: string;
  readonly startUrl: string;
  readonly region: string;
  /** The profiles whose credentials begin with a login to it. */
  readonly profiles: readonly string[];
};

export type SsoSessionSummary = SsoSessionName & {
  /** Whether it can be used without anybody being asked; undefined where the vault is locked. */
  readonly isSignedIn: boolean | undefined;
  /** When the access token ends, or has ended. */
  readonly expiresAt?: Date;
  /** Whether the token is renewed without a login. */
  readonly isRenewable: boolean;
};

/** The instances of the config file. Opens no keyring. @throws VaultError CONFIG_INVALID */
export async function ssoSessionNames(access: VaultAccess): Promise<SsoSessionName[]> {
  const users = await profilesByStartUrl(access);
  return (await namedEntries(access)).map((entry) => nameOf(entry, users));
}

/** The same with what is known of the logins, as far as that needs nobody's answer. */
export async function ssoSessions(access: VaultAccess): Promise<SsoSessionSummary[]> {
  const users = await profilesByStartUrl(access);
  const entries = await namedEntries(access);
  return access.withKeyring((keyring) =>
    Promise.all(
      entries.map(async (entry) => ({ ...nameOf(entry, users), ...(await stateOf(access, entry, keyring)) })),
    ),
  );
}

/** Until when somebody is signed in, with the token renewed if need be. @throws VaultError SSO_LOGIN_REQUIRED (ask and repeat) */
export async function ssoSignedIn(
  access: VaultAccess,
  target: SsoTargetName,
  { signal, onWait }: CallOptions,
): Promise<SsoSessionName & { readonly expiresAt: Date }> {
  const entry = await findSsoEntry(access, target);
  const { expiresAt } = await access.withKeyring((keyring) =>
    silentSsoToken(entry.instance, ssoCall(access, entry, { keyring, signal, onWait })),
  );
  return { ...nameOf(entry, await profilesByStartUrl(access)), expiresAt };
}

export function nameOf(entry: SsoEntry, users: ReadonlyMap<string, readonly string[]>): SsoSessionName {
  const { target, instance } = entry;
  const { session, region } = instance;
  const startUrl = bareStartUrl(instance.startUrl);
  return { target, startUrl, region, profiles: users.get(startUrl) ?? [], ...(session !== undefined && { session }) };
}

/** The profiles of each start URL, which share its login; those of roles on top included. */
export async function profilesByStartUrl(access: VaultAccess): Promise<Map<string, string[]>> {
  const users = new Map<string, string[]>();
  for (const name of visibleProfiles(await access.config())) {
    const startUrl = await startUrlOfProfile(access, name);
    if (startUrl !== undefined) users.set(startUrl, [...(users.get(startUrl) ?? []), name]);
  }
  return users;
}

async function startUrlOfProfile(access: VaultAccess, profile: string): Promise<string | undefined> {
  try {
    return bareStartUrl((await findSsoEntry(access, { profile })).instance.startUrl);
  } catch (error) {
    if (error instanceof VaultError) return undefined;
    throw error;
  }
}

/** Those a person chooses from: a start URL that has a session is not named a second time. */
async function namedEntries(access: VaultAccess): Promise<SsoEntry[]> {
  const entries = await ssoEntries(access);
  const inSessions = new Set(
    entries.flatMap(({ instance }) => (instance.session === undefined ? [] : bareStartUrl(instance.startUrl))),
  );
  return entries.filter(
    ({ instance }) => instance.session !== undefined || !inSessions.has(bareStartUrl(instance.startUrl)),
  );
}

type State = Pick<SsoSessionSummary, 'isSignedIn' | 'expiresAt' | 'isRenewable'>;

async function stateOf(access: VaultAccess, { instance }: SsoEntry, keyring: Keyring): Promise<State> {
  const context = access.context(keyring, access.signal);
  try {
    const [token] = await heldTokens(instance, context);
    if (token === undefined) return { isSignedIn: false, isRenewable: false };
    const { refreshToken, clientId, expiresAt } = token;
    const isRenewable = refreshToken !== undefined && clientId !== undefined;
    return { isSignedIn: isRenewable || isUsable(token, instance, context.now()), isRenewable, expiresAt };
  } catch (error) {
    // The list says what there is; that the vault cannot be opened now is for whoever needs it.
    if (error instanceof VaultError && error.code.startsWith('KEYRING_')) {
      return { isSignedIn: undefined, isRenewable: false };
    }
    throw error;
  }
}
