import type { Credentials } from '../../native-host/aws/credentials.ts';
import { VaultError } from '../../native-host/errors.ts';
import { variable } from '../../native-host/settings.ts';
import type { Cli } from '../cli.ts';
import { openInBrowser } from '../open-in-browser.ts';
import type { CredentialFlags } from './request.ts';

export type LoginOptions = CredentialFlags & {
  readonly profile: string | undefined;
  readonly path: string | undefined;
};

/** Signs in to the AWS console as a profile, or as the credentials in the environment, and opens or prints the URL. */
export async function login(options: LoginOptions, cli: Cli): Promise<void> {
  const { url } = await signIn(options, cli);
  if (options.stdout) cli.print(`${url}\n`);
  else await openInBrowser(url, cli);
}

async function signIn(options: LoginOptions, cli: Cli): Promise<{ url: string }> {
  const { profile, path, noSession, region, durationSeconds, mfaToken, stdout } = options;
  const flags = { region, durationSeconds };
  if (profile === undefined)
    return cli.vault.consoleUrlOf({ credentials: environmentCredentials(cli), flags, path }, cli.signal);
  const request = { profile, path, noSession, flags };
  return cli.ask((call) => cli.vault.consoleUrl(request, call), { mfaToken, profile, stdout });
}

function environmentCredentials({ env }: Cli): Credentials {
  const accessKeyId = variable(env, 'AWS_ACCESS_KEY_ID');
  const secretAccessKey = variable(env, 'AWS_SECRET_ACCESS_KEY');
  const sessionToken = variable(env, 'AWS_SESSION_TOKEN');
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new VaultError('USAGE', "argument 'profile' not provided, nor any AWS env vars found. Try --help");
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}
