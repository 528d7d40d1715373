import type { Credentials } from '../aws/credentials.ts';
import { deactivateAccessKey, deleteAccessKey } from '../aws/iam-access-keys.ts';
import type { ServiceOptions } from '../aws/sts.ts';
import { VaultError } from '../errors.ts';
import { forgetRotation, hasCode, masked, orGone, type RotateOptions, reworded, settled } from './rotation-call.ts';

/**
 * Deactivates and deletes the key that `key` has taken the place of in the vault. May be repeated from the beginning.
 * @throws VaultError AWS_*, KEYRING_*, CANCELLED; the old key's secret stays in the vault until AWS has deleted the key
 */
export async function retireKey(options: RotateOptions, old: Credentials, key: Credentials): Promise<void> {
  const { userName, report, signal } = options;
  const { accessKeyId } = old;
  signal.throwIfAborted();
  await options.replaceElsewhere(old, key);
  report({ type: 'deleting', accessKeyId });
  const call = await caller(options, key);
  try {
    await call((service) => deactivateAccessKey(service, { userName, accessKeyId })).catch(orGone);
  } catch (error) {
    if (!hasCode(error, 'AWS_ACCESS_DENIED')) throw error;
    const consequence = 'the old key is deleted without being deactivated first';
    report({ type: 'not-allowed', action: 'iam:UpdateAccessKey', consequence });
  }
  try {
    await call((service) => deleteAccessKey(service, { userName, accessKeyId })).catch(orGone);
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    throw reworded(error, `Can't delete old access key ${masked(accessKeyId)}: ${error.message}`);
  }
  report({ type: 'deleted', accessKeyId });
  try {
    await forgetRotation(options, key);
  } catch (error) {
    if (!hasCode(error, 'CREDENTIALS_NOT_FOUND')) throw error;
    const message = `${error.message}; the new key ${key.accessKeyId} of the rotation is good, but no longer stored there: unless another profile has it, delete it in IAM`;
    throw reworded(error, message);
  }
}

type Call = (send: (service: ServiceOptions) => Promise<void>) => Promise<void>;

/** Calls of IAM, by the session there is; should it go with the old key, the new key ends the work. */
async function caller(options: RotateOptions, key: Credentials): Promise<Call> {
  let signer = await options.signIn(key);
  return (send) =>
    settled(options, () =>
      send(options.service(signer)).catch((error: unknown) => {
        if (hasCode(error, 'AWS_CREDENTIALS_INVALID')) signer = key;
        throw error;
      }),
    );
}
