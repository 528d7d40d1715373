import { arnResource, parseArn } from '../aws/arn.ts';
import type { Credentials } from '../aws/credentials.ts';
import { listAccessKeys } from '../aws/iam-access-keys.ts';
import { resolveProfile } from '../aws/profile.ts';
import { getCallerIdentity } from '../aws/sts.ts';
import { serviceOptions } from '../engine/service-options.ts';
import { type ErrorCode, VaultError } from '../errors.ts';
import type { VaultAccess } from '../vault-access.ts';

/** What AWS says of a key before it is stored. */
export type KeyCheck =
  | {
      readonly outcome: 'accepted';
      readonly accountId: string;
      /** `user ada`, or `the root user`. */
      readonly owner: string;
      /** When AWS made the key, where it may tell. */
      readonly createdAt?: Date;
    }
  /** AWS was not reached, or did not say anything about the key. */
  | { readonly outcome: 'not-checked'; readonly reason: string };

/** Of the whole check. Somebody on a train wants to store the key and not to wait. */
const CHECK_TIMEOUT_MS = 10_000;
const ABOUT_THE_KEY: readonly ErrorCode[] = ['AWS_CREDENTIALS_INVALID', 'AWS_CLOCK_SKEW'];

/**
 * Asks AWS whose key this is, by GetCallerIdentity, which every key may call.
 * @throws VaultError AWS_CREDENTIALS_INVALID (AWS does not take it), AWS_CLOCK_SKEW, CONFIG_INVALID, PROFILE_LOOP, CANCELLED
 */
export async function checkKey(
  access: VaultAccess,
  { profile, key }: { readonly profile: string; readonly key: Credentials },
  signal: AbortSignal,
): Promise<KeyCheck> {
  const config = await access.config();
  const settings = resolveProfile(profile, { config, env: access.env, flags: {}, isTarget: false });
  const both = AbortSignal.any([signal, AbortSignal.timeout(CHECK_TIMEOUT_MS)]);
  const service = serviceOptions(settings, key, { env: access.env, signal: both });
  try {
    const { accountId, arn } = await getCallerIdentity(service);
    const { type, name } = arnResource(parseArn(arn));
    const userName = type === 'user' ? name : undefined;
    const createdAt = await createDate(access, () => listAccessKeys(service, { userName }), key);
    const owner = userName === undefined ? 'the root user' : `user ${userName}`;
    return { outcome: 'accepted', accountId, owner, ...(createdAt && { createdAt }) };
  } catch (error) {
    if (signal.aborted || !(error instanceof VaultError)) throw error;
    if (both.aborted)
      return { outcome: 'not-checked', reason: `AWS did not answer within ${CHECK_TIMEOUT_MS / 1000} s` };
    if (error.code === 'CONFIG_INVALID') throw error;
    if (!ABOUT_THE_KEY.includes(error.code)) return { outcome: 'not-checked', reason: error.message };
    throw refused(error, settings.region === undefined);
  }
}

/** The date is for the list of keys only: without the permission to see it, the key is as good. */
async function createDate(
  access: VaultAccess,
  list: () => ReturnType<typeof listAccessKeys>,
  { accessKeyId }: Credentials,
): Promise<Date | undefined> {
  try {
    return (await list()).find((key) => key.accessKeyId === accessKeyId)?.createdAt;
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    access.log(`when the key was made is not known: ${error.message}`);
    return undefined;
  }
}

/** Without the advice to add the key, which is what is being done. */
function refused({ code, message, details, cause }: VaultError, hasNoRegion: boolean): VaultError {
  const said = message.replace(/; [^;]*$/, '');
  const isUnknown = details.awsCode === 'InvalidClientTokenId';
  const why = {
    InvalidClientTokenId: 'it does not exist there, or was deleted or deactivated',
    SignatureDoesNotMatch: 'the secret access key does not belong to this access key ID',
  }[details.awsCode ?? ''];
  const otherPartition =
    isUnknown && hasNoRegion
      ? ' (the key of an account in China or GovCloud needs the region in the profile, or AWS_REGION, first)'
      : '';
  const told =
    code === 'AWS_CLOCK_SKEW'
      ? `the key could not be checked, and nothing was stored: ${message}, or store the key unchecked with --no-verify`
      : `AWS refuses this key${why === undefined ? '' : `: ${why}`}${otherPartition}; nothing was stored: correct it, or store it unchecked with --no-verify (${said})`;
  return new VaultError(code, told, { details, cause });
}
