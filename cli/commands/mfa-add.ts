import { VaultError } from '../../native-host/errors.ts';
import { promptTimeoutMs } from '../../native-host/prompt-timeout.ts';
import type { Vault } from '../../native-host/vault.ts';
import { openSecretScreen, secretLines } from '../ask/secret-screen.ts';
import { confirm, hasTerminal } from '../ask/terminal.ts';
import { typedCodes, withCodes, yubikeyCodes } from '../ask/two-codes.ts';
import { addToYubikey, checkYubikey, removeFromYubikey } from '../ask/yubikey-account.ts';
import type { Cli } from '../cli.ts';

export type MfaAddOptions = {
  readonly profile: string;
  readonly name: string | undefined;
  readonly yubikey: boolean;
  readonly touch: boolean;
  readonly showSecret: boolean;
  readonly replace: boolean;
  readonly roles: 'ask' | 'all' | 'none';
  readonly noSession: boolean;
  readonly mfaToken: string | undefined;
  readonly region: string | undefined;
  readonly promptTimeout: string;
};

type Owner = Awaited<ReturnType<Vault['mfa']['mfaOwner']>>;
type Device = Awaited<ReturnType<Owner['create']>>;

/**
 * Creates a virtual MFA device for the user behind a profile, gives its secret to an app or a YubiKey, enables it and writes
 * `mfa_serial`. What was made is taken back if this fails before the device is enabled.
 * @throws VaultError USAGE, MFA_REJECTED, PROCESS_FAILED, CANCELLED, AWS_*, CONFIG_INVALID
 */
export async function mfaAdd(options: MfaAddOptions, cli: Cli): Promise<void> {
  if (!options.yubikey && !hasTerminal()) {
    throw new VaultError('USAGE', 'there is no terminal to show the QR code on; run this in one, or use --yubikey');
  }
  const { profile, noSession, mfaToken, region } = options;
  const request = { profile, noSession, flags: { region } };
  const owner = await cli.ask((call) => cli.vault.mfa.mfaOwner(request, call), { profile, mfaToken });
  if (owner.mfaSerial !== undefined && !options.replace) throw hasDevice(owner, owner.mfaSerial);
  const name = deviceName(options.name ?? owner.userName);
  if (options.yubikey) checkYubikey(owner.serialOf(name), cli);
  const device = await owner.create(name);
  const isOnKey = await enabled(device, owner, { options, cli });
  cli.print(`Enabled MFA device ${device.serial} for user ${owner.userName}${isOnKey ? ', on the YubiKey' : ''}\n`);
  await adopt(device.serial, owner, { options, cli });
}

type Work = { readonly options: MfaAddOptions; readonly cli: Cli };

/** Gives the secret away and enables the device. Answers whether a YubiKey has it. */
async function enabled(device: Device, owner: Owner, { options, cli }: Work): Promise<boolean> {
  const timeoutMs = promptTimeoutMs(options.promptTimeout);
  const undo = [(): Promise<void> => owner.discard(device.serial)];
  const send = (codes: Parameters<Owner['enable']>[1]): Promise<void> => owner.enable(device.serial, codes);
  try {
    if (options.yubikey) {
      await addToYubikey(device, { cli, timeoutMs, needsTouch: options.touch });
      undo.push(() => removeFromYubikey(device.serial, { cli, timeoutMs }));
      await withCodes(device.serial, { pair: yubikeyCodes({ cli, timeoutMs }), send, cli });
    } else {
      await onSecretScreen(device, owner, {
        options,
        cli,
        work: () => withCodes(device.serial, { pair: typedCodes({ cli, timeoutMs }), send, cli }),
      });
    }
    return options.yubikey;
  } catch (error) {
    throw await undone(error, undo, device.serial);
  }
}

async function onSecretScreen(
  { secretBase32 }: Device,
  { userName, accountId }: Owner,
  { options, cli, work }: Work & { readonly work: () => Promise<void> },
): Promise<void> {
  const { env } = cli;
  const lines = secretLines({ secretBase32, userName, accountId }, { env, showsText: options.showSecret });
  const screen = openSecretScreen(env);
  try {
    screen.show(lines);
    await work();
  } finally {
    screen.close();
  }
}

/** The failure, after everything that was made has been taken back; it tells what could not be. */
async function undone(error: unknown, undo: readonly (() => Promise<void>)[], serial: string): Promise<unknown> {
  const left: string[] = [];
  for (const step of undo.toReversed()) {
    try {
      await step();
    } catch (failure) {
      left.push(failure instanceof Error ? failure.message : String(failure));
    }
  }
  if (!(error instanceof VaultError)) return error;
  const outcome =
    left.length === 0
      ? `the MFA device ${serial} was deleted again`
      : `not all could be taken back (${left.join('; ')}): look for the MFA device ${serial} with 'aws iam list-virtual-mfa-devices'`;
  return new VaultError(error.code, `${error.message}; ${outcome}`, { details: error.details, cause: error });
}

/** From here on the device is the user's, so a failure says what is left to do. */
async function adopt(serial: string, owner: Owner, { options, cli }: Work): Promise<void> {
  const { profile, mfaSerial: before } = owner;
  let roles: readonly string[] = [];
  try {
    roles = await cli.ask(() => cli.vault.mfa.mfaRoles(profile, before));
    const sessions = await write(options.roles === 'all' ? [profile, ...roles] : [profile], { serial, profile, cli });
    if (sessions > 0) cli.print(`Deleted ${sessions} sessions that were made without it.\n`);
  } catch (error) {
    if (!(error instanceof VaultError)) throw error;
    const message = `${error.message}; the device is enabled all the same: write 'mfa_serial = ${serial}' to profile ${JSON.stringify(profile)} yourself`;
    throw new VaultError(error.code, message, { details: error.details, cause: error });
  }
  if (before !== undefined)
    cli.say(`${cli.programName}: the old device ${before} still works; deactivate it in IAM if it is not to.`);
  if (options.roles !== 'ask' || roles.length === 0) return;
  if (await wantsRoles(roles, { options, cli })) await write(roles, { serial, profile, cli });
}

type Writing = { readonly serial: string; readonly profile: string; readonly cli: Cli };

/** Answers how many sessions went. */
async function write(names: readonly string[], { serial, profile, cli }: Writing): Promise<number> {
  const { signal } = cli;
  const { sessions } = await cli.ask(() => cli.vault.mfa.adoptMfaDevice(names, { serial, profile, signal }));
  const shown = names.map((name) => JSON.stringify(name)).join(', ');
  cli.print(
    `Wrote mfa_serial to ${names.length === 1 ? 'profile' : 'profiles'} ${shown} in ${cli.settings.configFile}\n`,
  );
  return sessions;
}

async function wantsRoles(roles: readonly string[], { options, cli }: Work): Promise<boolean> {
  const names = roles.map((name) => JSON.stringify(name)).join(', ');
  if (hasTerminal()) {
    const message = `Write it to the roles of this user without another device, too: ${names}? (y|N) `;
    return confirm({ message, signal: cli.signal, timeoutMs: promptTimeoutMs(options.promptTimeout) });
  }
  cli.say(`${cli.programName}: these roles of the user do not name the device, so they do without it: ${names}`);
  return false;
}

/** @see https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateVirtualMFADevice.html */
function deviceName(name: string): string {
  if (/^[\w+=,.@-]{1,226}$/.test(name)) return name;
  const message = `${JSON.stringify(name)} cannot be the name of an MFA device; use 1 to 226 letters, digits and _+=,.@-`;
  throw new VaultError('USAGE', message, { details: { flag: 'name' } });
}

function hasDevice({ profile }: Owner, mfaSerial: string): VaultError {
  const message = `profile ${JSON.stringify(profile)} has the MFA device ${mfaSerial} already; use --replace to make another one and write it in its place`;
  return new VaultError('USAGE', message, { details: { profile, mfaSerial } });
}
