import { getSessionToken } from '../aws/sts.ts';
import type { Provider } from './credentials.ts';
import { serviceOptions } from './service-options.ts';

/**
 * Temporary credentials of a stored key from STS GetSessionToken, with the MFA of `mfaSerial` if the profile has one.
 * `durationSeconds`: 900-129600.
 * @throws VaultError MFA_REJECTED, AWS_*
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html
 */
export const sessionToken: Provider<'session-token'> = (step, source, { context, tokenCode }) =>
  getSessionToken(serviceOptions(step.profile, source, context), {
    durationSeconds: step.duration.seconds,
    ...(step.mfaSerial !== undefined && tokenCode !== undefined && { mfa: { serial: step.mfaSerial, tokenCode } }),
  });
