import type { ConfigFile } from '../aws/config-file.ts';
import { consoleDestination } from '../aws/console-destination.ts';
import type { Credentials } from '../aws/credentials.ts';
import { consoleHost, defaultRegion, type Partition, partitionOfArn, partitionOfRegion } from '../aws/partition.ts';
import { type ProfileFlags, type ResolvedProfile, resolveProfile } from '../aws/profile.ts';
import { ttl } from '../aws/profile-durations.ts';
import { signOutUrl as endOfSession } from '../aws/signin.ts';
import { shortDuration } from '../duration.ts';
import type { Step } from '../engine/chain.ts';
import { consoleUrl as signInUrl } from '../engine/console-url.ts';
import { notFound } from '../engine/plan-errors.ts';
import { isRole } from '../engine/role-chaining.ts';
import { serviceOptions } from '../engine/service-options.ts';
import { parseSessionKey } from '../engine/session-cache.ts';
import { VaultError } from '../errors.ts';
import type { CallOptions, CredentialsRequest, Plan, PlanOptions, VaultAccess } from '../vault-access.ts';

/** Which page a console opens on, and how. */
export type ConsoleWish = {
  /** A page of the console, or the whole address of one. */
  readonly path?: string | undefined;
  /** A name or alias of a service, in place of a page. */
  readonly service?: string | undefined;
  /** How long the console session is to last, 900-43200: kept only where AWS lets it be chosen. */
  readonly consoleSeconds?: number | undefined;
  /** Ends the browser's present console session first. */
  readonly signsOutFirst?: boolean | undefined;
};

export type ConsoleRequest = CredentialsRequest & ConsoleWish;

export type EnvironmentConsoleRequest = ConsoleWish & {
  readonly credentials: Credentials;
  readonly flags: ProfileFlags;
};

export type ConsoleSignIn = {
  /** Signs in whoever opens it, once, within 15 minutes. */
  readonly url: string;
  /** The user's MFA device, which had no part in this: AWS takes no code for a federation token. */
  readonly unusedMfaSerial?: string;
  /** `consoleSeconds` were asked for, and the session ends with the credentials all the same. */
  readonly isDurationIgnored: boolean;
};

/**
 * A console sign-in URL of a profile.
 * @throws VaultError as `Vault.credentials` does, and USAGE for a page or service that cannot be opened
 */
export function consoleUrl(access: VaultAccess, request: ConsoleRequest, call: CallOptions): Promise<ConsoleSignIn> {
  return access.withKeyring(async (keyring) => {
    const plan = await planConsole(access, request, { keyring, signal: call.signal });
    const { profile } = plan;
    // Before anybody is asked for a code.
    const destination = await destinationOf(profile, request);
    const seconds = consoleSeconds(access, request);
    const credentials = await access.run(plan, call);
    const sessionDurationSeconds = isOfUsersOwnKey(plan.steps) ? (seconds ?? wantedByRole(plan.steps)) : undefined;
    const { url, isUser, isDurationTaken } = await signInUrl({
      service: serviceOptions(profile, credentials, plan.context),
      partition: partitionOf(profile),
      destination,
      isRole: plan.steps.slice(-1).some(isRole),
      federationSeconds: federationSeconds(profile, request, seconds),
      sessionDurationSeconds,
      signsOutFirst: request.signsOutFirst,
    });
    const isChosen = isUser || (sessionDurationSeconds !== undefined && isDurationTaken);
    return {
      url,
      ...(isUser && profile.mfaSerial !== undefined && { unusedMfaSerial: profile.mfaSerial }),
      isDurationIgnored: request.consoleSeconds !== undefined && !isChosen,
    };
  });
}

/** A console sign-in URL made from credentials of the environment, for a login without a profile. */
export async function consoleUrlOf(
  access: VaultAccess,
  request: EnvironmentConsoleRequest,
  signal: AbortSignal,
): Promise<ConsoleSignIn> {
  const { credentials, flags } = request;
  const { env, settings } = access;
  const config: ConfigFile = {
    path: settings.configFile,
    profiles: new Map(),
    ssoSessions: new Map(),
    services: new Map(),
  };
  const profile = resolveProfile('default', { config, env, flags, isTarget: false });
  const seconds = consoleSeconds(access, request);
  const { url, isUser } = await signInUrl({
    service: serviceOptions(profile, credentials, { env, signal }),
    partition: partitionOf(profile),
    destination: await destinationOf(profile, request),
    isRole: false,
    federationSeconds: federationSeconds(profile, request, seconds),
    signsOutFirst: request.signsOutFirst,
  });
  return { url, isDurationIgnored: !isUser && request.consoleSeconds !== undefined };
}

/**
 * The page that ends the console session of a browser, in the partition of a profile or of the environment's region.
 * @throws VaultError PROFILE_NOT_FOUND, CONFIG_INVALID, PROFILE_LOOP
 */
export async function signOutUrl(access: VaultAccess, profile: string | undefined): Promise<{ url: string }> {
  const config = await access.config();
  const { env } = access;
  if (profile !== undefined && !config.profiles.has(profile)) await requireInVault(access, profile);
  const resolved = resolveProfile(profile ?? 'default', { config, env, flags: {}, isTarget: profile !== undefined });
  return { url: endOfSession({ partition: partitionOf(resolved), env }) };
}

/** A name that only the vault knows, by a key or by a session that is left of it. */
async function requireInVault(access: VaultAccess, profile: string): Promise<void> {
  const keys = await access.withKeyring((keyring) => keyring.keys());
  if (!keys.some((key) => key === profile || parseSessionKey(key)?.profile === profile))
    throw notFound(profile, undefined);
}

/**
 * The way to credentials that the sign-in endpoint takes. A GetSessionToken session at its end, which a source profile would
 * get for the sake of its MFA, is left out: the endpoint refuses it, and so does GetFederationToken.
 */
export async function planConsole(
  access: VaultAccess,
  request: CredentialsRequest,
  options: PlanOptions,
): Promise<Plan> {
  const plan = await access.plan(request, { ...options, isForConsole: true });
  return plan.steps.at(-1)?.type === 'session-token' ? { ...plan, steps: plan.steps.slice(0, -1) } : plan;
}

/** The one kind of credentials that AWS lets choose how long their console session lasts: no session and no role before the role. */
function isOfUsersOwnKey(steps: readonly Step[]): boolean {
  return steps.length === 2 && steps[0]?.type === 'stored-key' && steps[1]?.type === 'assume-role';
}

/** A duration that somebody set for the role is meant for its console too. */
function wantedByRole(steps: readonly Step[]): number | undefined {
  const step = steps.at(-1);
  return step?.type === 'assume-role' && !step.duration.isDefault ? step.duration.seconds : undefined;
}

/** `--console-duration`, else AWS_CONSOLE_SESSION_TTL unless `--duration` is given. @throws VaultError CONFIG_INVALID */
export function consoleSeconds(
  { env }: VaultAccess,
  { consoleSeconds: flag, flags }: Pick<ConsoleRequest, 'consoleSeconds' | 'flags'>,
): number | undefined {
  const seconds = flag ?? (flags.durationSeconds === undefined ? ttl(env, 'AWS_CONSOLE_SESSION_TTL') : undefined);
  if (seconds === undefined || (seconds >= 900 && seconds <= 43_200)) return seconds;
  const setting = flag === undefined ? 'AWS_CONSOLE_SESSION_TTL' : '--console-duration';
  const message = `${setting} is ${shortDuration(seconds)}, but a console session lasts 15m (900 s) to 12h (43200 s)`;
  throw new VaultError(flag === undefined ? 'CONFIG_INVALID' : 'USAGE', message, { details: { flag: setting } });
}

/** A length that was set for federation tokens is nearer to them than the one for consoles of any kind. */
function federationSeconds(
  { durations: { federationToken } }: ResolvedProfile,
  { consoleSeconds: flag }: Pick<ConsoleRequest, 'consoleSeconds'>,
  console: number | undefined,
): number {
  return flag ?? (federationToken.isDefault ? console : undefined) ?? federationToken.seconds;
}

/** @throws VaultError USAGE, CONFIG_INVALID */
export async function destinationOf(profile: ResolvedProfile, { path, service }: ConsoleWish): Promise<string> {
  const { region } = profile;
  const partition = partitionOf(profile);
  if (service === undefined) return consoleDestination({ region, path, partition });
  const { consoleService } = await import('../console-service.ts');
  const { page, isGlobal, home } = consoleService(service);
  if (!isGlobal) return consoleDestination({ region, path: page, partition });
  const own = partition === 'aws' ? home : undefined;
  // Two have a host that is no region's.
  if (own === 'health' || own === 'support') return `https://${own}.${consoleHost(partition)}/${page}`;
  return consoleDestination({ region: own ?? defaultRegion(partition), path: page, partition });
}

/** The region decides; without one, what the profile's own ARNs or its IAM Identity Center say. */
function partitionOf({ region, roleArn, mfaSerial, sso }: ResolvedProfile): Partition {
  const arn = roleArn ?? mfaSerial;
  if (region !== undefined) return partitionOfRegion(region);
  return arn === undefined ? partitionOfRegion(sso?.region) : partitionOfArn(arn);
}
