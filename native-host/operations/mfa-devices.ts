import { arnResource, readArn } from '../aws/arn.ts';
import { setProfileValue } from '../aws/config-edit.ts';
import {
  createVirtualMfaDevice,
  deleteVirtualMfaDevice,
  enableMfaDevice,
  listMfaSerials,
  type MfaCodes,
  type NewMfaDevice,
  resyncMfaDevice,
} from '../aws/iam-mfa.ts';
import { type ProfileFlags, resolveProfile } from '../aws/profile.ts';
import { getCallerIdentity, type ServiceOptions } from '../aws/sts.ts';
import { beginsWith } from '../engine/plan-over.ts';
import { serviceOptions } from '../engine/service-options.ts';
import { isStoredKey } from '../engine/session-cache.ts';
import { VaultError } from '../errors.ts';
import { type CallOptions, type Plan, targetOf, type VaultAccess } from '../vault-access.ts';
import { removeSessionsFrom, sum } from './stored-keys.ts';

export type MfaOwnerRequest = {
  readonly profile: string;
  readonly flags: ProfileFlags;
  /** The stored key itself signs, without the code of a device the user has already. */
  readonly noSession: boolean;
};

/** An IAM user whose MFA devices are looked after, and the calls for it, signed with what was got once. */
export type MfaOwner = {
  /** The profile that holds the user's key. */
  readonly profile: string;
  readonly userName: string;
  readonly accountId: string;
  /** The device the profile names now. */
  readonly mfaSerial: string | undefined;
  /** The serial a virtual device of that name has. */
  readonly serialOf: (deviceName: string) => string;
  /** @throws VaultError USAGE when there is one of that name, AWS_*, CANCELLED */
  readonly create: (deviceName: string) => Promise<NewMfaDevice>;
  /** @throws VaultError MFA_REJECTED, AWS_*, CANCELLED */
  readonly enable: (serial: string, codes: MfaCodes) => Promise<void>;
  /** Takes back `create`, also after the command was stopped. @throws VaultError AWS_* */
  readonly discard: (serial: string) => Promise<void>;
  /** @throws VaultError MFA_REJECTED, AWS_*, CANCELLED */
  readonly resync: (serial: string, codes: MfaCodes) => Promise<void>;
};

const DISCARD_TIMEOUT_MS = 20_000;

/**
 * The IAM user whose stored key a profile's credentials begin with.
 * @throws VaultError USAGE where they do not begin with a user's key, MFA_REQUIRED, AWS_*, and what planning throws
 */
export function mfaOwner(access: VaultAccess, request: MfaOwnerRequest, call: CallOptions): Promise<MfaOwner> {
  return access.withKeyring(async (keyring) => {
    const { signal } = call;
    const asked = { profile: request.profile, flags: request.flags };
    const [first] = (await access.plan({ ...asked, noSession: true }, { keyring, signal })).steps;
    if (first?.type !== 'stored-key') throw notAUser(request.profile);
    const { name, mfaSerial } = first.profile;
    // Without MFA a session of GetSessionToken is of no use: IAM does not take it.
    const noSession = request.noSession || mfaSerial === undefined;
    const plan = await access.plan({ ...asked, profile: name, noSession }, { keyring, signal });
    return ownerOf(plan, await access.run(plan, call), mfaSerial);
  });
}

async function ownerOf(
  plan: Plan,
  credentials: Awaited<ReturnType<VaultAccess['run']>>,
  mfaSerial: string | undefined,
): Promise<MfaOwner> {
  const profile = targetOf(plan.steps);
  const service = serviceOptions(profile, credentials, plan.context);
  const { arn: text, accountId } = await getCallerIdentity(service);
  const arn = readArn(text);
  const user = arn && arnResource(arn);
  if (arn === undefined || user?.type !== 'user' || user.name === '') throw notAUser(profile.name);
  const userName = user.name;
  const serialOf = (deviceName: string): string => `arn:${arn.partition}:iam::${accountId}:mfa/${deviceName}`;
  return {
    ...{ profile: profile.name, userName, accountId, mfaSerial, serialOf },
    create: (deviceName) => create(service, { userName, deviceName, serial: serialOf(deviceName) }),
    enable: (serial, codes) => enableMfaDevice(service, { userName, serial, codes }),
    discard: (serial) =>
      deleteVirtualMfaDevice({ ...service, signal: AbortSignal.timeout(DISCARD_TIMEOUT_MS) }, serial),
    resync: (serial, codes) => resyncMfaDevice(service, { userName, serial, codes }),
  };
}

type Wanted = { readonly userName: string; readonly deviceName: string; readonly serial: string };

async function create(service: ServiceOptions, { userName, deviceName, serial }: Wanted): Promise<NewMfaDevice> {
  try {
    return await createVirtualMfaDevice(service, deviceName);
  } catch (error) {
    if (!(error instanceof VaultError) || !error.details.awsCode?.startsWith('EntityAlreadyExists')) throw error;
    const isEnabled = (await listMfaSerials(service, userName)).includes(serial);
    const remedy = isEnabled
      ? `it is enabled for ${userName}: choose another --name, or write mfa_serial = ${serial} to the profile`
      : `it is not enabled for ${userName}: choose another --name, or if nobody needs it run 'aws iam delete-virtual-mfa-device --serial-number ${serial}' and try again`;
    throw new VaultError('USAGE', `the account has an MFA device ${serial} already; ${remedy}`, { cause: error });
  }
}

/** The roles that begin with the key of `profile` and name no MFA device, or the one that it had. */
export async function mfaRoles(access: VaultAccess, profile: string, before: string | undefined): Promise<string[]> {
  const { env } = access;
  const config = await access.config();
  const keys = await access.withKeyring((keyring) => keyring.keys());
  const chain = access.chainOptions(config, new Set(keys.filter(isStoredKey)), { profile, flags: {} });
  return [...config.profiles.keys()].filter((name) => {
    if (name === profile || !beginsWith(profile, name, chain)) return false;
    const { roleArn, mfaSerial } = resolveProfile(name, { config, env, flags: {}, isTarget: false });
    return roleArn !== undefined && (mfaSerial === undefined || mfaSerial === before);
  });
}

export type Adoption = {
  readonly serial: string;
  /** The profile that holds the user's key. */
  readonly profile: string;
  readonly signal: AbortSignal;
};

/**
 * Writes `mfa_serial` to these profiles' own sections; the sessions that began with the key of `profile` go, because they were
 * made without this device. Answers how many there were.
 * @throws VaultError CONFIG_INVALID, KEYRING_*, CANCELLED
 */
export async function adoptMfaDevice(
  access: VaultAccess,
  names: readonly string[],
  { serial, profile, signal }: Adoption,
): Promise<{ sessions: number }> {
  // Two processes that write at the same time would each write the file without the other's change.
  const release = await access.locks.acquire('config-file', { signal });
  try {
    const setting = { key: 'mfa_serial', value: serial };
    for (const name of names) setProfileValue(access.settings.configFile, name, setting);
  } finally {
    release();
  }
  return access.withKeyring(async (keyring) => ({
    sessions: sum(await removeSessionsFrom(access, profile, { keyring })),
  }));
}

function notAUser(profile: string): VaultError {
  const message = `the credentials of profile ${JSON.stringify(profile)} do not begin with the stored key of an IAM user, and an MFA device belongs to one; name a profile that does`;
  return new VaultError('USAGE', message, { details: { profile } });
}
