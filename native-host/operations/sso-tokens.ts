import { existsSync } from 'node:fs';
import { visibleProfiles } from '../aws/config-file.ts';
import { isSsoToken } from '../engine/session-cache.ts';
import { removeCachedToken, ssoCacheFile } from '../engine/sso-cache-file.ts';
import { bareStartUrl } from '../engine/sso-json.ts';
import { readSsoToken, removeSsoToken, type SsoToken, startUrlOfKey } from '../engine/sso-store.ts';
import { VaultError } from '../errors.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { awsSsoCacheDir } from '../settings.ts';
import type { VaultAccess } from '../vault-access.ts';
import { ssoEntries } from './sso-instances.ts';

/** An SSO token as a list shows it. */
export type SsoTokenSummary = {
  /** Its name in the keyring, which is aws-vault's: `oidc:START_URL`. */
  readonly key: string;
  readonly startUrl: string;
  /** The profiles of the config file that use it. */
  readonly profiles: readonly string[];
  /** Absent where the vault is locked, or the token cannot be read. */
  readonly expiresAt?: Date;
  /** Whether it is renewed without a login once it has expired. */
  readonly isRenewable: boolean;
};

/** The tokens among `keys`. Their times are read only as far as that needs nobody's answer: a list has to work without. */
export async function ssoTokens(
  access: VaultAccess,
  keyring: Keyring,
  keys: readonly string[],
): Promise<SsoTokenSummary[]> {
  const found = keys.filter(isSsoToken);
  if (found.length === 0) return [];
  const users = await profilesByStartUrl(access);
  return Promise.all(
    found.map(async (key) => {
      const startUrl = startUrlOfKey(key);
      const token = await readable(keyring, startUrl);
      const isRenewable = token?.refreshToken !== undefined && token.clientId !== undefined;
      const expiry = token && { expiresAt: token.expiresAt };
      return { key, startUrl, profiles: users.get(startUrl) ?? [], isRenewable, ...expiry };
    }),
  );
}

/** Forgets the token of a profile's start URL; every profile with that start URL has to log in again. Whether there was one. */
export async function removeTokenOf(access: VaultAccess, keyring: Keyring, profile: string): Promise<boolean> {
  const startUrl = startUrlOf(await resolver(access), profile);
  return startUrl !== undefined && (await removeSsoToken(keyring, startUrl));
}

/**
 * Takes our tokens, of one profile's instance or of all, out of the AWS CLI's cache: they were shared, or offered to a program
 * (`exec --profile-env`). The AWS CLI's own stay.
 */
export async function removeTokenCopies(
  access: VaultAccess,
  keyring: Keyring,
  profile: string | undefined,
): Promise<void> {
  const dir = awsSsoCacheDir(access.settings);
  const resolve = await resolver(access);
  const startUrl = profile === undefined ? undefined : startUrlOf(resolve, profile);
  for (const { instance } of await ssoEntries(access)) {
    const isMeant = profile === undefined || bareStartUrl(instance.startUrl) === startUrl;
    // Reading a token may need a passphrase.
    if (!isMeant || !existsSync(ssoCacheFile(dir, instance))) continue;
    const own = await readSsoToken(keyring, instance.startUrl);
    if (own !== undefined) removeCachedToken(dir, instance, own.accessToken);
  }
}

async function readable(keyring: Keyring, startUrl: string): Promise<SsoToken | undefined> {
  try {
    return await readSsoToken(keyring, startUrl);
  } catch (error) {
    // The list says what there is; that it cannot be opened now is for whoever needs it.
    if (error instanceof VaultError && error.code !== 'CANCELLED') return undefined;
    throw error;
  }
}

async function profilesByStartUrl(access: VaultAccess): Promise<Map<string | undefined, string[]>> {
  const resolve = await resolver(access);
  return Map.groupBy(visibleProfiles(await access.config()), (name) => startUrlOf(resolve, name));
}

type Resolve = ReturnType<VaultAccess['chainOptions']>['resolve'];

async function resolver(access: VaultAccess): Promise<Resolve> {
  return access.chainOptions(await access.config(), new Set(), { profile: '', flags: {} }).resolve;
}

/** The settings of one broken profile must not hide the tokens of the others. */
function startUrlOf(resolve: Resolve, profile: string): string | undefined {
  try {
    const { sso } = resolve(profile, false);
    return sso === undefined ? undefined : bareStartUrl(sso.startUrl);
  } catch (error) {
    if (error instanceof VaultError) return undefined;
    throw error;
  }
}
