import { accessDenied } from './aws-error.ts';
import { optionalText } from './parameters.ts';
import type { Device, State, User } from './state.ts';
import { totpOfStep, totpStep } from './totp.ts';

function takeCode(device: Device, code: string, at: Date): boolean {
  const present = totpStep(at) + device.driftSteps;
  const step = [present - 1, present, present + 1].find((one) => totpOfStep(device.secretBase32, one) === code);
  if (step === undefined || device.usedSteps.has(step)) return false;
  device.usedSteps.add(step);
  return true;
}

/**
 * Whether the call carries a valid MFA code of one of the user's own devices. A code is valid in its own 30 seconds and
 * the 30 before and after, and is spent by the first call that presents it, whatever else becomes of that call.
 * @throws AwsError AccessDenied when there is a code or a serial but the two do not prove anything
 */
export function checkMfa(state: State, user: User | undefined, form: URLSearchParams): boolean {
  const serial = optionalText(form, 'SerialNumber', { pattern: /^[\w+=/:,.@-]*$/, min: 9, max: 256 });
  const code = optionalText(form, 'TokenCode', { pattern: /^[\d]*$/, min: 6, max: 6 });
  if (serial === undefined && code === undefined) return false;
  if (serial === undefined || code === undefined) {
    throw accessDenied('MultiFactorAuthentication failed, must provide both MFA serial number and one time pass code.');
  }
  const device = state.devices.get(serial);
  if (device === undefined || user === undefined || device.user?.arn !== user.arn) {
    throw accessDenied(
      'MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is valid and associated with this user.',
    );
  }
  if (!takeCode(device, code, state.now())) {
    throw accessDenied('MultiFactorAuthentication failed with invalid MFA one time pass code. ');
  }
  return true;
}
