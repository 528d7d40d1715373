import { randomBytes } from 'node:crypto';
import type { Partition } from './hosts.ts';
import { type AccessKey, newAwsId, newSecretAccessKey, type Role, type State, type User } from './state.ts';
import { encodeBase32, totp, totpOfStep, totpStep } from './totp.ts';

export type UserOptions = {
  /** 12 digits. */
  readonly account: string;
  readonly name: string;
  /** Starts and ends with `/`. */
  readonly path?: string;
  readonly partition?: Partition;
  /** Actions the user's policies do not allow, such as `iam:GetUser` or `sts:GetFederationToken`. */
  readonly deny?: readonly string[];
};

export type RoleOptions = {
  readonly account: string;
  readonly name: string;
  readonly path?: string;
  readonly partition?: Partition;
  /** Who may assume the role: ARNs of users, roles or role sessions, account IDs, or `arn:…:root` of an account. */
  readonly trusts: readonly string[];
  readonly requireMfa?: boolean;
  readonly externalId?: string;
  /** 3600-43200; 3600 if not given, as in IAM. */
  readonly maxSessionDurationSeconds?: number;
  /** ARNs of callers whose own policies lack sts:AssumeRole on this role. */
  readonly deny?: readonly string[];
};

export type WebIdentityOptions = {
  /** The account that knows the identity provider. */
  readonly account: string;
  /** Host of the provider; `id.example.com` if not given. */
  readonly provider?: string;
  readonly subject: string;
  /** An hour from now if not given. */
  readonly expiresAt?: Date;
};

export type AccessKeyPair = { readonly accessKeyId: string; readonly secretAccessKey: string };

export type MfaDevice = {
  readonly serial: string;
  readonly secretBase32: string;
  /** The user it is enabled for. */
  readonly owner: () => string | undefined;
  /** What the device shows now, or at a given moment; it may have been used already. */
  readonly code: (at?: Date) => string;
  /**
   * A code that works now and was neither used nor handed out: the present one, then the next, then the previous.
   * So three sign-ins need no wait for the clock.
   * @throws Error when all three are spent
   */
  readonly freshCode: () => string;
};

function checkAccount(account: string): void {
  if (!/^\d{12}$/.test(account)) throw new Error(`an account ID has 12 digits, not "${account}"`);
}

export function addUser(state: State, options: UserOptions): User {
  checkAccount(options.account);
  const { account, name, path = '/', partition = 'aws', deny = [] } = options;
  const arn = `arn:${partition}:iam::${account}:user${path}${name}`;
  if (state.users.has(arn)) throw new Error(`the sandbox has a user ${arn} already`);
  const user: User = { arn, account, partition, name, path, userId: newAwsId('AIDA'), createdAt: state.now(), deny };
  state.users.set(arn, user);
  return user;
}

/** A token of an identity provider that the account knows, and the provider's ARN for the roles that trust it. */
export function addWebIdentity(state: State, options: WebIdentityOptions): { token: string; providerArn: string } {
  const { account, provider = 'id.example.com', subject } = options;
  const expiresAt = options.expiresAt ?? new Date(state.now().getTime() + 3_600_000);
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { iss: `https://${provider}`, sub: subject, exp: Math.floor(expiresAt.getTime() / 1000) };
  const token = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${randomBytes(64).toString('base64url')}`;
  const providerArn = `arn:aws:iam::${account}:oidc-provider/${provider}`;
  state.webIdentities.set(token, { providerArn, subject, audience: 'sts.amazonaws.com', expiresAt });
  return { token, providerArn };
}

/** A new active key of the user, as CreateAccessKey makes it. */
export function newAccessKey(state: State, user: User, createdAt: Date = state.now()): AccessKey {
  const key: AccessKey = {
    accessKeyId: newAwsId('AKIA'),
    secretAccessKey: newSecretAccessKey(),
    user,
    createdAt,
    isActive: true,
    callsUntilKnown: 0,
  };
  state.keys.set(key.accessKeyId, key);
  return key;
}

/** @throws Error if the sandbox has no such key: a mistake in the test */
export function knownKey(state: State, accessKeyId: string): AccessKey {
  const key = state.keys.get(accessKeyId);
  if (key === undefined) throw new Error(`the sandbox has no access key ${accessKeyId}`);
  return key;
}

export function addRole(state: State, options: RoleOptions): Role {
  checkAccount(options.account);
  const { account, name, path = '/', partition = 'aws' } = options;
  const role: Role = {
    arn: `arn:${partition}:iam::${account}:role${path}${name}`,
    account,
    partition,
    name,
    roleId: newAwsId('AROA'),
    trusts: options.trusts,
    requireMfa: options.requireMfa ?? false,
    externalId: options.externalId,
    maxSessionDurationSeconds: options.maxSessionDurationSeconds ?? 3600,
    deny: options.deny ?? [],
  };
  if (state.roles.has(role.arn)) throw new Error(`the sandbox has a role ${role.arn} already`);
  state.roles.set(role.arn, role);
  return role;
}

/** Registers a virtual MFA device. A user may have several; the first is named after the user. */
export function addMfaDevice(state: State, user: User, deviceName: string = user.name): MfaDevice {
  const { account } = user;
  const serial = `arn:${user.partition}:iam::${account}:mfa/${deviceName}`;
  if (state.devices.has(serial)) throw new Error(`the sandbox has an MFA device ${serial} already`);
  const secretBase32 = encodeBase32(randomBytes(20));
  state.devices.set(serial, { serial, secretBase32, account, user, driftSteps: 0, usedSteps: new Set() });
  return mfaDevice(state, serial);
}

/** A device that is there, as it lies before its owner. @throws Error if there is none: a mistake in the test */
export function mfaDevice(state: State, serial: string): MfaDevice {
  const device = state.devices.get(serial);
  if (device === undefined) throw new Error(`the sandbox has no MFA device ${serial}`);
  const handedOut = new Set<number>();
  return {
    serial,
    secretBase32: device.secretBase32,
    owner: () => device.user?.name,
    code: (at = state.now()) => totp(device.secretBase32, at),
    freshCode: () => {
      const present = totpStep(state.now()) + device.driftSteps;
      const step = [present, present + 1, present - 1].find((one) => !device.usedSteps.has(one) && !handedOut.has(one));
      if (step === undefined) throw new Error(`every code of ${serial} that works now is spent: wait for the next one`);
      handedOut.add(step);
      return totpOfStep(device.secretBase32, step);
    },
  };
}
