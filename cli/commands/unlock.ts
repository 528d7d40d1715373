import { asVaultError, VaultError } from '../../native-host/errors.ts';
import { askHost, runningHosts } from '../../native-host/host-keys.ts';
import { lockAfterSeconds } from '../../native-host/lock-after.ts';
import { inWords } from '../../native-host/lock-words.ts';
import type { Cli } from '../cli.ts';

/**
 * Hands the passphrase to every host that runs. It is asked for in the terminal, unless the environment or a program gives it.
 * @throws VaultError KEYRING_LOCKED (wrong passphrase), BROWSER_NOT_CONNECTED, USAGE (not a file vault), CONFIG_INVALID
 */
export async function unlock(cli: Cli): Promise<void> {
  const seconds = lockAfterSeconds(cli.settings.lockAfter);
  requireHost(cli);
  const passphrase = await cli.ask(() => cli.vault.fileVault.provenPassphrase(), { keepsPassphrase: true });
  const { unlocked, failure } = await handOver(passphrase, seconds, cli);
  if (unlocked === 0) throw failure ?? notConnected();
  cli.say(
    `${cli.programName}: unlocked; it locks itself after ${inWords(seconds)} without use, or with 'keyturn lock'`,
  );
}

/** Has every host forget what it was given, and drops the keys that terminals have derived. */
export async function lock(cli: Cli): Promise<void> {
  let wasUnlocked = false;
  for (const address of runningHosts(hostOptions(cli))) {
    const answer = await askHost(address, { action: 'lockVault', params: {} }, hostOptions(cli));
    wasUnlocked ||= answer?.wasUnlocked === true;
  }
  await cli.vault.fileVault.forgetDerivedKeys();
  cli.say(`${cli.programName}: ${wasUnlocked ? 'locked' : 'nothing was unlocked'}`);
}

/**
 * What a person typed for one command serves the next ones too, where a browser runs. The command has what it needs already, so
 * nothing that goes wrong here matters to it.
 */
export async function shareTyped(
  passphrase: string,
  cli: Pick<Cli, 'settings' | 'env' | 'signal' | 'log' | 'say' | 'programName'>,
): Promise<void> {
  try {
    const seconds = lockAfterSeconds(cli.settings.lockAfter);
    const { unlocked } = await handOver(passphrase, seconds, cli);
    if (unlocked === 0) return;
    cli.say(
      `${cli.programName}: the vault stays unlocked for ${inWords(seconds)} without use; lock it with 'keyturn lock'`,
    );
  } catch (error) {
    cli.log(`the passphrase was not handed to a host: ${asVaultError(error).message}`);
  }
}

type Asking = Pick<Cli, 'settings' | 'env' | 'signal' | 'log'>;

async function handOver(
  passphrase: string,
  seconds: number,
  cli: Asking,
): Promise<{ readonly unlocked: number; readonly failure: VaultError | undefined }> {
  const { resolve } = process.getBuiltinModule('node:path');
  const params = { vaultDir: resolve(cli.settings.fileDir), passphrase, lockAfterSeconds: seconds };
  let unlocked = 0;
  let failure: VaultError | undefined;
  for (const address of runningHosts(hostOptions(cli))) {
    try {
      if ((await askHost(address, { action: 'unlockVault', params }, hostOptions(cli))) !== undefined) unlocked += 1;
    } catch (error) {
      failure = asVaultError(error);
      if (failure.code === 'CANCELLED') throw failure;
    }
  }
  return { unlocked, failure };
}

function hostOptions({ settings, env, signal, log }: Asking) {
  return { stateDir: settings.stateDir, env, signal, log };
}

/** Before anybody types a passphrase that nobody could keep. */
function requireHost(cli: Asking): void {
  if (runningHosts(hostOptions(cli)).length === 0) throw notConnected();
}

function notConnected(): VaultError {
  const message =
    "no browser with the Keyturn extension runs, so nothing could keep the vault unlocked: open it ('keyturn host status' shows what is missing), or set AWS_VAULT_FILE_PASSPHRASE";
  return new VaultError('BROWSER_NOT_CONNECTED', message);
}
