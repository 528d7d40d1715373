import { iamCaller } from './iam-client.ts';
import type { ServiceOptions } from './service-client.ts';
import { notAwsAnswer } from './service-error.ts';

/** A virtual device as it is made: the secret is told this once. */
export type NewMfaDevice = { readonly serial: string; readonly secretBase32: string };

/** Two codes of the device that follow each other, the older one first; both are spent by the call. */
export type MfaCodes = readonly [first: string, second: string];

export type MfaSync = { readonly userName: string; readonly serial: string; readonly codes: MfaCodes };

const call = iamCaller(async () => {
  const {
    IAMClient,
    CreateVirtualMFADeviceCommand,
    DeleteVirtualMFADeviceCommand,
    EnableMFADeviceCommand,
    ListMFADevicesCommand,
    ResyncMFADeviceCommand,
  } = await import('@aws-sdk/client-iam');
  return {
    IAMClient,
    CreateVirtualMFADeviceCommand,
    DeleteVirtualMFADeviceCommand,
    EnableMFADeviceCommand,
    ListMFADevicesCommand,
    ResyncMFADeviceCommand,
  };
});

/**
 * A new virtual device in the account, enabled for nobody. `name`: 1-226 characters of letters, digits and `_+=,.@-`.
 * @throws VaultError AWS_REJECTED (EntityAlreadyExists) when the account has one of that name, AWS_*, CANCELLED
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateVirtualMFADevice.html
 */
export async function createVirtualMfaDevice(options: ServiceOptions, name: string): Promise<NewMfaDevice> {
  const operation = 'CreateVirtualMFADevice';
  const { VirtualMFADevice: made } = await call(operation, options, (client, sdk, sending) =>
    client.send(new sdk.CreateVirtualMFADeviceCommand({ VirtualMFADeviceName: name }), sending),
  );
  const { SerialNumber, Base32StringSeed } = made ?? {};
  const secretBase32 = Buffer.from(Base32StringSeed ?? []).toString('latin1');
  if (!SerialNumber || !/^[A-Z2-7]+=*$/.test(secretBase32)) throw notAwsAnswer({ service: 'IAM', operation });
  return { serial: SerialNumber, secretBase32 };
}

/**
 * Deletes a virtual device that nobody uses.
 * @throws VaultError AWS_*, CANCELLED
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteVirtualMFADevice.html
 */
export async function deleteVirtualMfaDevice(options: ServiceOptions, serial: string): Promise<void> {
  await call('DeleteVirtualMFADevice', options, (client, sdk, sending) =>
    client.send(new sdk.DeleteVirtualMFADeviceCommand({ SerialNumber: serial }), sending),
  );
}

/**
 * Makes a device the user's own.
 * @throws VaultError MFA_REJECTED when these are not two codes in a row, AWS_*, CANCELLED
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableMFADevice.html
 */
export async function enableMfaDevice(options: ServiceOptions, sync: MfaSync): Promise<void> {
  await call('EnableMFADevice', options, (client, sdk, sending) =>
    client.send(new sdk.EnableMFADeviceCommand(input(sync)), sending),
  );
}

/**
 * Tells AWS how far the clock of a user's device is off.
 * @throws VaultError MFA_REJECTED when these are not two codes in a row, AWS_*, CANCELLED
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResyncMFADevice.html
 */
export async function resyncMfaDevice(options: ServiceOptions, sync: MfaSync): Promise<void> {
  await call('ResyncMFADevice', options, (client, sdk, sending) =>
    client.send(new sdk.ResyncMFADeviceCommand(input(sync)), sending),
  );
}

/**
 * The serials of a user's devices.
 * @throws VaultError AWS_*, CANCELLED
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html
 */
export async function listMfaSerials(options: ServiceOptions, userName: string): Promise<string[]> {
  // A user has eight at most, which is less than a page.
  const { MFADevices = [] } = await call('ListMFADevices', options, (client, sdk, sending) =>
    client.send(new sdk.ListMFADevicesCommand({ UserName: userName }), sending),
  );
  return MFADevices.flatMap(({ SerialNumber }) => SerialNumber ?? []);
}

function input({ userName, serial, codes: [first, second] }: MfaSync) {
  return { UserName: userName, SerialNumber: serial, AuthenticationCode1: first, AuthenticationCode2: second };
}
