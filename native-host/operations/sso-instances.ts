import { type ConfigFile, visibleProfiles } from '../aws/config-file.ts';
import type { ResolvedProfile } from '../aws/profile.ts';
import { type SsoSession, ssoSessionOf } from '../aws/sso-session.ts';
import { bareStartUrl } from '../engine/sso-json.ts';
import { ssoReach } from '../engine/sso-service.ts';
import type { SsoCall } from '../engine/sso-token.ts';
import type { SsoInstance } from '../engine/sso-usable.ts';
import { VaultError } from '../errors.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { VaultAccess } from '../vault-access.ts';

/** How an instance of IAM Identity Center is named: by its `[sso-session]`, or by a profile that begins with a login to it. */
export type SsoTarget = { readonly session: string } | { readonly profile: string };

/** `named`: what a person typed, a session before a profile of that name. */
export type SsoTargetName = SsoTarget | { readonly named: string };

/** An instance, and the profile whose settings say how its services are reached. */
export type SsoEntry = {
  readonly target: SsoTarget;
  readonly instance: SsoInstance;
  readonly profile: ResolvedProfile;
};

type Resolve = (name: string) => ResolvedProfile;

/**
 * Every instance of the config file: its `[sso-session]`s, then the start URLs that profiles have themselves, each once. The
 * settings of one that is broken must not hide the others.
 */
export async function ssoEntries(access: VaultAccess): Promise<SsoEntry[]> {
  const config = await access.config();
  const resolve = resolver(access, config);
  const sessions = [...config.ssoSessions.keys()].flatMap((session) =>
    unlessBroken(() => ssoEntry({ session }, config, resolve)),
  );
  const legacy = new Map<string, SsoEntry>();
  for (const name of visibleProfiles(config)) {
    for (const { sso, ...profile } of unlessBroken(() => resolve(name))) {
      if (sso === undefined || sso.session !== undefined || legacy.has(bareStartUrl(sso.startUrl))) continue;
      legacy.set(bareStartUrl(sso.startUrl), { target: { profile: name }, instance: sso, profile });
    }
  }
  return [...sessions, ...legacy.values()];
}

/**
 * The instance that is meant.
 * @throws VaultError CONFIG_INVALID, PROFILE_NOT_FOUND, PROFILE_LOOP
 */
export async function findSsoEntry(access: VaultAccess, name: SsoTargetName): Promise<SsoEntry> {
  const config = await access.config();
  const target = 'named' in name ? targetNamed(name.named, config) : name;
  return ssoEntry(target, config, resolver(access, config));
}

/** What the engine's calls for an instance are made with. */
export function ssoCall(
  access: VaultAccess,
  { target, instance, profile }: SsoEntry,
  on: { readonly keyring: Keyring; readonly signal: AbortSignal; readonly onWait?: (() => void) | undefined },
): SsoCall {
  const context = access.context(on.keyring, on.signal);
  return {
    ...{ context, locks: access.locks, service: ssoReach(profile, instance, context), onWait: on.onWait },
    ...('profile' in target && { profile: target.profile }),
  };
}

function targetNamed(name: string, config: ConfigFile): SsoTarget {
  return config.ssoSessions.has(name) ? { session: name } : { profile: name };
}

function ssoEntry(target: SsoTarget, config: ConfigFile, resolve: Resolve): SsoEntry {
  if ('profile' in target) return entryOfProfile(target.profile, config, resolve);
  // Without a profile it is reached as `[default]` says.
  const { sso: _sso, ...profile } = resolve('default');
  return { target, instance: ssoSessionOf(target.session, config), profile };
}

/** A role is signed in for where its credentials begin. */
function entryOfProfile(name: string, config: ConfigFile, resolve: Resolve): SsoEntry {
  const visited = new Set<string>();
  let next: string | undefined = name;
  while (next !== undefined && !visited.has(next)) {
    visited.add(next);
    const { sso, ...profile }: ResolvedProfile & { sso?: SsoSession } = resolve(next);
    if (sso !== undefined) return { target: { profile: next }, instance: sso, profile };
    if (next === name && !profile.isConfigured) throw notFound(name, config);
    next = profile.sourceProfile;
  }
  const message = `profile ${JSON.stringify(name)} has no settings of IAM Identity Center; give it an sso_session or an sso_start_url`;
  throw new VaultError('CONFIG_INVALID', message, { details: { profile: name } });
}

function notFound(name: string, { path }: ConfigFile): VaultError {
  const message = `${path} has neither an [sso-session ${name}] nor a profile ${JSON.stringify(name)}; 'keyturn sso list --sessions' shows what there is`;
  return new VaultError('PROFILE_NOT_FOUND', message, { details: { profile: name } });
}

function resolver(access: VaultAccess, config: ConfigFile): Resolve {
  const { resolve } = access.chainOptions(config, new Set(), { profile: '', flags: {} });
  return (name) => resolve(name, false);
}

function unlessBroken<T>(find: () => T): T[] {
  try {
    return [find()];
  } catch (error) {
    if (error instanceof VaultError) return [];
    throw error;
  }
}
