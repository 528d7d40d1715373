import { VaultError } from '../../native-host/errors.ts';
import { variable } from '../../native-host/settings.ts';
import type { Cli } from '../cli.ts';
import { type ExportFormat, exportCredentials } from '../output.ts';
import { credentialsFor } from './exec.ts';
import type { CredentialFlags } from './request.ts';

export type ExportOptions = CredentialFlags & { readonly profile: string; readonly format: ExportFormat };

/** Prints a profile's credentials for a shell, a file, or as an AWS `credential_process`. */
export async function exportProfile(options: ExportOptions, cli: Cli): Promise<void> {
  if (variable(cli.env, 'AWS_VAULT') !== undefined) {
    const message = "in an existing aws-vault subshell; 'exit' from the subshell or unset AWS_VAULT to force";
    throw new VaultError('USAGE', message);
  }
  const { credentials, profile } = await credentialsFor(options, cli);
  cli.print(exportCredentials(options.format, { profile: options.profile, credentials, region: profile.region }));
}
