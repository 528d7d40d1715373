import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { LoginToken } from '../aws/signin-oauth.ts';
import { CLIENT_ID } from '../aws/signin-oauth.ts';
import { makeDirectory } from '../directory.ts';
import { VaultError } from '../errors.ts';
import { rfc3339 } from '../rfc3339.ts';
import type { Env } from './context.ts';

/** A login as AWS's tools keep it: its first tokens, of whom they are, and the key they are bound to. */
export type Login = {
  readonly token: LoginToken;
  readonly loginSession: string;
  readonly accountId: string;
  readonly expiresAt: Date;
  readonly dpopKey: string;
};

/**
 * The file in which AWS CLI and SDKs keep the login of a `login_session`. It is the place where AWS's own provider looks, which
 * asks the system for the home directory too.
 */
export function loginFile(loginSession: string, env: Env): string {
  const dir = env.AWS_LOGIN_CACHE_DIRECTORY ?? join(homedir(), '.aws', 'login', 'cache');
  return join(dir, `${createHash('sha256').update(loginSession).digest('hex')}.json`);
}

/**
 * When the credentials end that lie there; none where nobody has logged in, or where what lies there cannot be understood.
 * @throws VaultError CONFIG_INVALID for a file that cannot be read
 */
export function loginExpiry(loginSession: string, env: Env): Date | undefined {
  const file = loginFile(loginSession, env);
  try {
    const login: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const expiresAt = new Date(String((login as { accessToken?: { expiresAt?: unknown } }).accessToken?.expiresAt)); // any shape
    return Number.isNaN(expiresAt.getTime()) ? undefined : expiresAt;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError || codeOf(error) === 'ENOENT') return undefined;
    throw unusable(file, 'read', error);
  }
}

/**
 * Keeps a login where AWS CLI and SDKs find it, in their form, readable by its owner only, at once or not at all.
 * @throws VaultError CONFIG_INVALID when the file cannot be written
 */
export function writeLogin({ token, loginSession, accountId, expiresAt, dpopKey }: Login, env: Env): void {
  const { credentials, tokenType, refreshToken, idToken } = token;
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const accessToken = { accessKeyId, secretAccessKey, sessionToken, accountId, expiresAt: rfc3339(expiresAt) };
  const text = JSON.stringify({ accessToken, tokenType, clientId: CLIENT_ID, refreshToken, idToken, dpopKey }, null, 2);
  const file = loginFile(loginSession, env);
  const temporary = `${file}.${randomBytes(6).toString('hex')}.keyturn`;
  try {
    makeDirectory(dirname(file));
    const descriptor = openSync(temporary, 'wx', 0o600);
    try {
      writeFileSync(descriptor, text);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw unusable(file, 'write', error);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function unusable(file: string, what: string, error: unknown): VaultError {
  const message = `cannot ${what} ${file}, where AWS CLI and SDKs keep this login (${String(codeOf(error))}); mend its permissions, or set AWS_LOGIN_CACHE_DIRECTORY`;
  return new VaultError('CONFIG_INVALID', message, { details: { file }, cause: error });
}
