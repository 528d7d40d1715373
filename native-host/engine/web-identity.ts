import { statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { WebIdentityToken } from '../aws/profile.ts';
import { assumeRoleWithWebIdentity } from '../aws/sts.ts';
import { VaultError } from '../errors.ts';
import type { Context } from './context.ts';
import type { Source } from './credentials.ts';
import { outputOf } from './profile-program.ts';
import { serviceReach } from './service-options.ts';

/** STS takes 20 000 characters. */
const MAX_TOKEN_BYTES = 64 * 1024;

/**
 * Temporary credentials of a role for the token of an identity provider, from the file of `web_identity_token_file` or from
 * what `web_identity_token_process` prints; white space around it is not part of it. `durationSeconds`: 900-43200.
 * @throws VaultError CONFIG_INVALID (the file), PROCESS_FAILED, TIMEOUT, AWS_CREDENTIALS_INVALID (the token), AWS_*
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
export const webIdentity: Source<'web-identity'> = async ({ profile, roleArn, duration, token }, { context }) => {
  const webIdentityToken = await readToken(token, profile.name, context);
  return assumeRoleWithWebIdentity(serviceReach(profile, context), {
    roleArn,
    roleSessionName: profile.roleSessionName ?? String(BigInt(context.now().getTime()) * 1_000_000n),
    durationSeconds: duration.seconds,
    webIdentityToken,
  });
};

function readToken(token: WebIdentityToken, profile: string, context: Context): Promise<string> {
  return 'file' in token ? tokenInFile(token.file, profile) : tokenOfProcess(token.process, profile, context);
}

async function tokenInFile(file: string, profile: string): Promise<string> {
  const fail = (reason: string, cause?: unknown): VaultError => {
    const message = `the web_identity_token_file of profile ${JSON.stringify(profile)}: unable to read file at ${file}: ${reason}; put the token of your identity provider there`;
    return new VaultError('CONFIG_INVALID', message, { details: { profile, file }, cause });
  };
  const text = await textOf(file).catch((error: unknown) => {
    throw fail(reasonOf(error), error);
  });
  if (text === '') throw fail('it is empty');
  return text;
}

/** Node's `ENOENT: no such file or directory, open '/path'` without code and path. */
function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^E[A-Z]+: /, '').replace(/, [a-z]+( '.*')?$/, '');
}

async function textOf(file: string): Promise<string> {
  const status = statSync(file);
  // A device or a pipe may never end, and nobody could stop the reading of it.
  if (!status.isFile()) throw new Error('it is not a file');
  if (status.size > MAX_TOKEN_BYTES) throw new Error(`it has ${status.size} bytes, which no token has`);
  return (await readFile(file, 'utf8')).trim();
}

function tokenOfProcess(command: string, profile: string, context: Context): Promise<string> {
  const output = { some: 'a token', none: 'no token', maxBytes: MAX_TOKEN_BYTES };
  return outputOf({ setting: 'web_identity_token_process', command, profile, output }, context);
}
