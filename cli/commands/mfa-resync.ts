import { VaultError } from '../../native-host/errors.ts';
import { promptTimeoutMs } from '../../native-host/prompt-timeout.ts';
import { typedCodes, withCodes, yubikeyCodes } from '../ask/two-codes.ts';
import { checkYubikey } from '../ask/yubikey-account.ts';
import type { Cli } from '../cli.ts';

export type MfaResyncOptions = {
  readonly profile: string;
  readonly serial: string | undefined;
  readonly yubikey: boolean;
  readonly region: string | undefined;
  readonly promptTimeout: string;
};

/**
 * Tells AWS how far the clock of a user's MFA device is off. The stored key signs, because a code for a session is just what
 * such a device cannot give.
 * @throws VaultError USAGE, MFA_REJECTED, PROCESS_FAILED, CANCELLED, AWS_*
 */
export async function mfaResync(options: MfaResyncOptions, cli: Cli): Promise<void> {
  const { profile } = options;
  const request = { profile, noSession: true, flags: { region: options.region } };
  const owner = await cli.ask((call) => cli.vault.mfa.mfaOwner(request, call), { profile });
  const serial = options.serial || owner.mfaSerial; // an empty flag is none
  if (serial === undefined) {
    const message = `profile ${JSON.stringify(owner.profile)} has no mfa_serial; name the device with --serial`;
    throw new VaultError('USAGE', message, { details: { profile: owner.profile } });
  }
  if (options.yubikey) checkYubikey(serial, cli);
  const timeoutMs = promptTimeoutMs(options.promptTimeout);
  const pair = (options.yubikey ? yubikeyCodes : typedCodes)({ cli, timeoutMs });
  await withCodes(serial, { pair, send: (codes) => owner.resync(serial, codes), cli });
  cli.print(`Resynchronised MFA device ${serial} of user ${owner.userName}\n`);
}
