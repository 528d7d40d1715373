import { readCommand } from '../../native-host/command.ts';
import { VaultError } from '../../native-host/errors.ts';
import { variable } from '../../native-host/settings.ts';
import type { Cli } from '../cli.ts';
import { isInstalled } from './mfa-drivers.ts';
import { oathAccount, ykmanWords } from './programs.ts';

export type YubikeyOptions = {
  readonly cli: Cli;
  readonly timeoutMs: number;
  /** A code is given out only when the key is touched. */
  readonly needsTouch: boolean;
};

// What a YubiKey has room for, in bytes.
const MAX_NAME_BYTES = 64;

/**
 * Refuses before anything is made what could not be put on a YubiKey.
 * @throws VaultError PROCESS_FAILED, USAGE
 */
export function checkYubikey(serial: string, { env, platform }: Cli): void {
  if (!isInstalled('ykman', { env, platform })) {
    throw new VaultError(
      'PROCESS_FAILED',
      'ykman is not installed, and --yubikey needs it (YubiKey Manager); install it',
    );
  }
  const name = oathAccount(env, serial);
  if (Buffer.byteLength(name) <= MAX_NAME_BYTES) return;
  const message = `${name} is too long for the name of an account on a YubiKey (${MAX_NAME_BYTES} bytes); set YKMAN_OATH_CREDENTIAL_NAME to a shorter one`;
  throw new VaultError('USAGE', message);
}

/**
 * Puts a device's secret on the YubiKey; ykman reads it from stdin, because arguments are public. An account that has the
 * serial as its name is of a device that AWS has no more, and is replaced; one with a name of the user's own is not.
 * @throws VaultError PROCESS_FAILED, TIMEOUT, CANCELLED
 */
export async function addToYubikey(
  { serial, secretBase32 }: { readonly serial: string; readonly secretBase32: string },
  { cli, timeoutMs, needsTouch }: YubikeyOptions,
): Promise<void> {
  const { env } = cli;
  const name = oathAccount(env, serial);
  const flags = [...(needsTouch ? ['--touch'] : []), ...(name === serial ? ['--force'] : [])];
  await run(ykmanWords(env, ['add'], [...flags, name]), { cli, timeoutMs, input: `${secretBase32}\n` });
}

/** Takes an account off the YubiKey again, also after the command was stopped. @throws VaultError PROCESS_FAILED, TIMEOUT */
export async function removeFromYubikey(
  serial: string,
  { cli, timeoutMs }: Omit<YubikeyOptions, 'needsTouch'>,
): Promise<void> {
  const { env } = cli;
  const words = ykmanWords(env, ['delete'], ['--force', oathAccount(env, serial)]);
  await run(words, { cli, timeoutMs: Math.min(timeoutMs, 30_000), signal: new AbortController().signal });
}

type Run = { readonly cli: Cli; readonly timeoutMs: number; readonly input?: string; readonly signal?: AbortSignal };

async function run(words: readonly [string, ...string[]], { cli, timeoutMs, input, signal }: Run): Promise<void> {
  const hasName = variable(cli.env, 'YKMAN_OATH_CREDENTIAL_NAME') !== undefined;
  await readCommand(words, {
    signal: signal ?? cli.signal,
    env: cli.env,
    timeoutMs,
    title: 'ykman',
    advice: hasName
      ? 'check that the key is there and has no other account of that name'
      : 'check that the key is there',
    // Nobody presses Cancel in it; so its words come with the failure.
    isCancel: () => false,
    isSilent: true,
    ...(input !== undefined && { input }),
  });
}
