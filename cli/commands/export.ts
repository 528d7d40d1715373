import { VaultError } from '../../native-host/errors.ts';
import { variable } from '../../native-host/settings.ts';
import { chosenProfile, remember } from '../chosen-profile.ts';
import type { Cli } from '../cli.ts';
import { type ExportFormat, exportCredentials } from '../output.ts';
import { credentialsFor } from './exec.ts';
import type { CredentialFlags } from './request.ts';

export type ExportOptions = CredentialFlags & { readonly profile: string | undefined; readonly format: ExportFormat };

/** Prints a profile's credentials for a shell, a file, or as an AWS `credential_process`. */
export async function exportProfile(options: ExportOptions, cli: Cli): Promise<void> {
  if (variable(cli.env, 'AWS_VAULT') !== undefined) {
    const message = "in an existing aws-vault subshell; 'exit' from the subshell or unset AWS_VAULT to force";
    throw new VaultError('USAGE', message);
  }
  const name = await chosenProfile(options.profile, cli);
  const { credentials, profile } = await credentialsFor({ ...options, profile: name }, cli);
  // A credential_process is run by programs, not by a person who would look for its profile in a list.
  if (options.format !== 'json') remember(name, cli);
  cli.print(exportCredentials(options.format, { profile: name, credentials, region: profile.region }));
}
