import { VaultError } from '../../native-host/errors.ts';
import { variable } from '../../native-host/settings.ts';
import { chosenProfile, remember } from '../chosen-profile.ts';
import type { Cli } from '../cli.ts';
import { exportCredentials } from '../output.ts';
import { credentialsFor } from './exec.ts';
import type { CredentialFlags } from './request.ts';

export type ShellEnvOptions = CredentialFlags & { readonly profile: string | undefined };

/**
 * Prints what the current shell is to have in its environment, a `NAME=VALUE` a line, values as they are to the end of the line:
 * the function that reads it (cli/shell/) sets them one by one and evaluates nothing.
 */
export async function shellEnv(options: ShellEnvOptions, cli: Cli): Promise<void> {
  const present = variable(cli.env, 'AWS_VAULT');
  if (present !== undefined) {
    const message = `this shell was started with the credentials of profile ${JSON.stringify(present)}; leave it with exit, or unset AWS_VAULT to force`;
    throw new VaultError('USAGE', message);
  }
  const name = await chosenProfile(options.profile, cli);
  const { credentials, profile } = await credentialsFor({ ...options, profile: name }, cli);
  if (/\p{Cc}/u.test(name)) {
    throw new VaultError('USAGE', `profile ${JSON.stringify(name)} cannot be put into a shell; use keyturn exec`);
  }
  remember(name, cli);
  cli.print(`AWS_VAULT=${name}\n${exportCredentials('env', { profile: name, credentials, region: profile.region })}`);
}
