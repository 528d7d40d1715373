import type { Credentials } from './credentials.ts';
import { iamCaller } from './iam-client.ts';
import type { ServiceOptions } from './service-client.ts';
import { notAwsAnswer } from './service-error.ts';

/** An access key as ListAccessKeys shows it: its secret is told once only, by CreateAccessKey. */
export type AccessKeyState = {
  readonly accessKeyId: string;
  readonly isActive: boolean;
  readonly createdAt: Date;
};

/** Whose key it is. Left out for the root user, who has no name: IAM then takes the one that signs. */
type OfUser = { readonly userName?: string | undefined };
type OfKey = OfUser & { readonly accessKeyId: string };

/** How many access keys AWS lets one user have. @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
export const ACCESS_KEYS_PER_USER = 2;

const call = iamCaller(async () => {
  const {
    IAMClient,
    CreateAccessKeyCommand,
    DeleteAccessKeyCommand,
    GetAccessKeyLastUsedCommand,
    ListAccessKeysCommand,
    UpdateAccessKeyCommand,
  } = await import('@aws-sdk/client-iam');
  return {
    ...{ IAMClient, CreateAccessKeyCommand, DeleteAccessKeyCommand },
    ...{ GetAccessKeyLastUsedCommand, ListAccessKeysCommand, UpdateAccessKeyCommand },
  };
});

/**
 * A user's access keys, oldest first.
 * @throws VaultError AWS_*, CONFIG_INVALID, CANCELLED
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html
 */
export async function listAccessKeys(options: ServiceOptions, { userName }: OfUser = {}): Promise<AccessKeyState[]> {
  const { AccessKeyMetadata } = await call('ListAccessKeys', options, (client, sdk, sending) =>
    client.send(new sdk.ListAccessKeysCommand(ofUser(userName)), sending),
  );
  if (AccessKeyMetadata === undefined) throw incomplete('ListAccessKeys');
  return AccessKeyMetadata.map(({ AccessKeyId, Status, CreateDate }) => {
    if (!AccessKeyId || !CreateDate) throw incomplete('ListAccessKeys');
    return { accessKeyId: AccessKeyId, isActive: Status === 'Active', createdAt: CreateDate };
  }).sort((one, other) => one.createdAt.getTime() - other.createdAt.getTime());
}

/**
 * A new access key, by one attempt, because another one could make another key: after a failure whose outcome is not known, look
 * at ListAccessKeys.
 * @throws VaultError AWS_REJECTED with `details.awsCode` LimitExceeded… where the user has two keys, AWS_*, CANCELLED
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html
 */
export async function createAccessKey(
  options: ServiceOptions,
  { userName }: OfUser = {},
): Promise<{ key: Credentials; createdAt: Date | undefined }> {
  const { AccessKey } = await call('CreateAccessKey', { ...options, isOnce: true }, (client, sdk, sending) =>
    client.send(new sdk.CreateAccessKeyCommand(ofUser(userName)), sending),
  );
  if (!AccessKey?.AccessKeyId || !AccessKey.SecretAccessKey) throw incomplete('CreateAccessKey');
  const key = { accessKeyId: AccessKey.AccessKeyId, secretAccessKey: AccessKey.SecretAccessKey };
  return { key, createdAt: AccessKey.CreateDate };
}

/**
 * Takes a key out of use; it can be activated again.
 * @throws VaultError AWS_*, CANCELLED
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html
 */
export async function deactivateAccessKey(options: ServiceOptions, { userName, accessKeyId }: OfKey): Promise<void> {
  const input = { ...ofUser(userName), AccessKeyId: accessKeyId, Status: 'Inactive' as const }; // a literal of the SDK's
  await call('UpdateAccessKey', options, (client, sdk, sending) =>
    client.send(new sdk.UpdateAccessKeyCommand(input), sending),
  );
}

/**
 * Deletes a key for good.
 * @throws VaultError AWS_*, CANCELLED
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html
 */
export async function deleteAccessKey(options: ServiceOptions, { userName, accessKeyId }: OfKey): Promise<void> {
  const input = { ...ofUser(userName), AccessKeyId: accessKeyId };
  await call('DeleteAccessKey', options, (client, sdk, sending) =>
    client.send(new sdk.DeleteAccessKeyCommand(input), sending),
  );
}

/**
 * When AWS saw a key last; `undefined` for one that was never used. AWS needs some minutes to tell.
 * @throws VaultError AWS_*, CANCELLED
 * @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
 */
export async function accessKeyLastUsed(options: ServiceOptions, accessKeyId: string): Promise<Date | undefined> {
  const { AccessKeyLastUsed } = await call('GetAccessKeyLastUsed', options, (client, sdk, sending) =>
    client.send(new sdk.GetAccessKeyLastUsedCommand({ AccessKeyId: accessKeyId }), sending),
  );
  if (AccessKeyLastUsed === undefined) throw incomplete('GetAccessKeyLastUsed');
  return AccessKeyLastUsed.LastUsedDate;
}

function ofUser(userName: string | undefined): { UserName?: string } {
  return userName === undefined ? {} : { UserName: userName };
}

/** A 200 without what the operation answers with. */
function incomplete(operation: string) {
  return notAwsAnswer({ service: 'IAM', operation });
}
