import { randomBytes } from 'node:crypto';
import { AwsError } from './aws-error.ts';
import { optionalText, requiredText } from './parameters.ts';
import { type Caller, type Device, partitionAndAccountOf, type State, type User } from './state.ts';
import { encodeBase32, totpOfStep, totpStep } from './totp.ts';
import type { XmlContent } from './xml.ts';

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const DEVICES_PER_USER = 8;
/** How far off a device's clock may be, in steps: AWS does not say, and it is more than for a sign-in. */
const ENABLE_STEPS = 10;
const RESYNC_STEPS = 100;

const SERIAL = { pattern: /^[\w+=/:,.@-]+$/, min: 9, max: 256 };
const CODE = { pattern: /^[\d]+$/, min: 6, max: 6 };

function noSuchEntity(message: string): AwsError {
  return new AwsError(404, 'NoSuchEntity', message);
}

function time(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}

function devicesOf(state: State, user: User): Device[] {
  return [...state.devices.values()].filter((device) => device.user?.arn === user.arn);
}

function knownDevice(state: State, account: string, form: URLSearchParams): Device {
  const serial = requiredText(form, 'SerialNumber', SERIAL);
  const device = state.devices.get(serial);
  if (device === undefined || device.account !== account) {
    throw noSuchEntity(`VirtualMFADevice with serial number ${serial} does not exist.`);
  }
  return device;
}

function ownDevice(state: State, user: User, form: URLSearchParams): Device {
  const device = knownDevice(state, user.account, form);
  if (device.user?.arn !== user.arn) throw noSuchEntity('MFA Device invalid for user.');
  return device;
}

/** Two codes that follow each other tell how far the device's clock is off; both are spent. */
function setClock(state: State, device: Device, form: URLSearchParams, maxSteps: number): void {
  const first = requiredText(form, 'AuthenticationCode1', CODE);
  const second = requiredText(form, 'AuthenticationCode2', CODE);
  const present = totpStep(state.now());
  for (let step = present - maxSteps; step <= present + maxSteps; step += 1) {
    const follow =
      totpOfStep(device.secretBase32, step) === first && totpOfStep(device.secretBase32, step + 1) === second;
    if (!follow || device.usedSteps.has(step) || device.usedSteps.has(step + 1)) continue;
    const offset = step + 1 - present;
    device.driftSteps = Math.abs(offset) <= 1 ? 0 : offset;
    device.usedSteps.add(step).add(step + 1);
    return;
  }
  throw new AwsError(403, 'InvalidAuthenticationCode', 'Authentication code for device is not valid.');
}

/** The seed is told here and never again. */
function createVirtualMfaDevice(state: State, caller: Caller, form: URLSearchParams): XmlContent {
  const { partition, account } = partitionAndAccountOf(caller);
  const name = requiredText(form, 'VirtualMFADeviceName', { pattern: /^[\w+=,.@-]+$/, min: 1, max: 226 });
  const path = optionalText(form, 'Path', { pattern: /^(\/|\/[!-\x7f]+\/)$/, min: 1, max: 512 }) ?? '/';
  const serial = `arn:${partition}:iam::${account}:mfa${path}${name}`;
  if (state.devices.has(serial)) {
    throw new AwsError(409, 'EntityAlreadyExists', 'MFADevice entity at the same path and name already exists.');
  }
  const secretBase32 = encodeBase32(randomBytes(40));
  state.devices.set(serial, { serial, secretBase32, account, user: undefined, driftSteps: 0, usedSteps: new Set() });
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  return {
    VirtualMFADevice: {
      SerialNumber: serial,
      Base32StringSeed: base64(secretBase32),
      QRCodePNG: base64('(a picture)'),
    },
  };
}

/** By serial, and only when nobody has it. */
function deleteVirtualMfaDevice(state: State, caller: Caller, form: URLSearchParams): XmlContent {
  const device = knownDevice(state, partitionAndAccountOf(caller).account, form);
  if (device.user !== undefined) {
    throw new AwsError(409, 'DeleteConflict', 'MFA VirtualDevice in use. Must deactivate first.');
  }
  state.devices.delete(device.serial);
  return undefined;
}

function enableMfaDevice(state: State, form: URLSearchParams, user: User): XmlContent {
  const device = knownDevice(state, user.account, form);
  if (device.user !== undefined) throw new AwsError(409, 'EntityAlreadyExists', 'MFA Device is already in use.');
  if (devicesOf(state, user).length >= DEVICES_PER_USER) {
    throw new AwsError(409, 'LimitExceeded', `Cannot exceed quota for MfaDevicesPerUser: ${DEVICES_PER_USER}`);
  }
  setClock(state, device, form, ENABLE_STEPS);
  device.user = user;
  device.enabledAt = state.now();
  return undefined;
}

function resyncMfaDevice(state: State, form: URLSearchParams, user: User): XmlContent {
  setClock(state, ownDevice(state, user, form), form, RESYNC_STEPS);
  return undefined;
}

function deactivateMfaDevice(state: State, form: URLSearchParams, user: User): XmlContent {
  ownDevice(state, user, form).user = undefined;
  return undefined;
}

function listMfaDevices(state: State, _form: URLSearchParams, user: User): XmlContent {
  const devices = devicesOf(state, user).map(({ serial, enabledAt }) => ({
    UserName: user.name,
    SerialNumber: serial,
    EnableDate: time(enabledAt ?? user.createdAt),
  }));
  return { MFADevices: devices, IsTruncated: 'false' };
}

type AboutUser = (state: State, form: URLSearchParams, user: User) => XmlContent;

/** These three take the user's name in any case. */
const named =
  (operate: AboutUser): AboutUser =>
  (state, form, user) => {
    requiredText(form, 'UserName', { pattern: /^[\w+=,.@-]+$/, min: 1, max: 128 });
    return operate(state, form, user);
  };

export const MFA_OPERATIONS: { readonly [operation: string]: AboutUser } = {
  EnableMFADevice: named(enableMfaDevice),
  ResyncMFADevice: named(resyncMfaDevice),
  DeactivateMFADevice: deactivateMfaDevice,
  ListMFADevices: listMfaDevices,
};

type AboutAccount = (state: State, caller: Caller, form: URLSearchParams) => XmlContent;

export const ACCOUNT_MFA_OPERATIONS: { readonly [operation: string]: AboutAccount } = {
  CreateVirtualMFADevice: createVirtualMfaDevice,
  DeleteVirtualMFADevice: deleteVirtualMfaDevice,
};
