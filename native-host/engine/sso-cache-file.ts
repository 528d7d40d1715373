import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { OidcClient } from '../aws/sso-oidc.ts';
import { makeDirectory } from '../directory.ts';
import { VaultError } from '../errors.ts';
import { rfc3339 } from '../rfc3339.ts';
import { asDate, asObject, bareStartUrl, isText, parseJson } from './sso-json.ts';
import type { SsoToken } from './sso-store.ts';

/** The instance a file is for; the name of its `[sso-session]` decides which file that is. */
type Instance = { readonly startUrl: string; readonly region: string; readonly session?: string };

/** A token of the AWS CLI's cache, with the client that can refresh it if it is there. */
export type CachedSsoToken = SsoToken & { readonly client?: OidcClient };

/**
 * The file in which the AWS CLI and AWS's SDKs look for the token of an instance: named after its `[sso-session]`, or after the
 * start URL of a profile that has it itself.
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/understanding-sso.html
 */
export function ssoCacheFile(dir: string, { session, startUrl }: Instance): string {
  return `${dir}/${createHash('sha1')
    .update(session ?? startUrl)
    .digest('hex')}.json`;
}

/**
 * The token that lies there, expired or not. One of another instance, left there by a session of the same name, is none, and so
 * is what cannot be understood.
 * @throws VaultError CONFIG_INVALID for a file that cannot be read
 */
export function readCachedToken(dir: string, instance: Instance): CachedSsoToken | undefined {
  const file = ssoCacheFile(dir, instance);
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw unusable(file, 'read', error);
  }
  const { accessToken, expiresAt: expires, startUrl, region, refreshToken, ...client } = asObject(parseJson(text));
  const expiresAt = asDate(expires);
  if (!isText(accessToken) || expiresAt === undefined) return undefined;
  if (isText(startUrl) && bareStartUrl(startUrl) !== bareStartUrl(instance.startUrl)) return undefined;
  if (isText(region) && region !== instance.region) return undefined;
  const { clientId, clientSecret, registrationExpiresAt } = client;
  const clientExpiresAt = asDate(registrationExpiresAt);
  return {
    ...{ accessToken, tokenType: 'Bearer', expiresAt },
    ...(isText(refreshToken) && { refreshToken }),
    ...(isText(clientId) && { clientId }),
    ...(isText(clientId) &&
      isText(clientSecret) &&
      clientExpiresAt && { client: { clientId, clientSecret, expiresAt: clientExpiresAt } }),
  };
}

/**
 * Puts a token where the AWS CLI looks for it, readable by its owner only, at once or not at all. With its client, whoever finds
 * it there can refresh it; without, it is good until it expires.
 * @throws VaultError CONFIG_INVALID when the file cannot be written
 */
export function writeCachedToken(dir: string, instance: Instance, token: SsoToken, client?: OidcClient): void {
  const file = ssoCacheFile(dir, instance);
  const text = JSON.stringify({
    startUrl: instance.startUrl,
    region: instance.region,
    accessToken: token.accessToken,
    expiresAt: rfc3339(token.expiresAt),
    ...(client && {
      clientId: client.clientId,
      clientSecret: client.clientSecret,
      registrationExpiresAt: rfc3339(client.expiresAt),
      ...(token.refreshToken !== undefined && { refreshToken: token.refreshToken }),
    }),
  });
  const temporary = `${file}.${randomBytes(6).toString('hex')}.keyturn`;
  try {
    makeDirectory(dirname(file));
    writeNew(temporary, text);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw unusable(file, 'write', error);
  }
}

/** Removes the file of an instance, if it holds this token; another one there is somebody else's. Whether it did. */
export function removeCachedToken(dir: string, instance: Instance, accessToken: string): boolean {
  if (readCachedToken(dir, instance)?.accessToken !== accessToken) return false;
  const file = ssoCacheFile(dir, instance);
  try {
    rmSync(file, { force: true });
    return true;
  } catch (error) {
    throw unusable(file, 'remove', error);
  }
}

function writeNew(file: string, text: string): void {
  const descriptor = openSync(file, 'wx', 0o600);
  try {
    writeFileSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

function unusable(file: string, what: string, error: unknown): VaultError {
  const message = `cannot ${what} ${file}, where the AWS CLI looks for the token of this login (${String(codeOf(error))}); mend its permissions, or keep tokens in the vault alone with --sso-cache vault and without --profile-env`;
  return new VaultError('CONFIG_INVALID', message, { details: { file }, cause: error });
}
