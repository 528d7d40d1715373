import type { Credentials } from '../native-host/aws/credentials.ts';
import { VaultError } from '../native-host/errors.ts';
import { rfc3339 } from '../native-host/rfc3339.ts';

export type ExportFormat = 'env' | 'export-env' | 'json' | 'ini';

export type ExportedProfile = {
  readonly profile: string;
  readonly credentials: Credentials;
  readonly region: string | undefined;
};

/** Without control characters, which could move the cursor or end the line. */
export function printable(cell: string): string {
  return cell.replaceAll(/\p{Cc}/gu, '?');
}

/**
 * Credentials as text that ends with a newline: for a shell (env, export-env), a file (ini), or an AWS
 * `credential_process` (json).
 * @throws VaultError AWS_CREDENTIALS_INVALID, CONFIG_INVALID for a value that would not come out as itself
 */
export function exportCredentials(format: ExportFormat, exported: ExportedProfile): string {
  return WRITERS[format](exported);
}

const WRITERS: { readonly [F in ExportFormat]: (exported: ExportedProfile) => string } = {
  env: (exported) => shellLines('', exported),
  'export-env': (exported) => shellLines('export ', exported),
  json: ({ credentials }) => credentialProcessJson(credentials),
  ini: iniSection,
};

function shellLines(prefix: string, exported: ExportedProfile): string {
  return valuesOf(exported)
    .map(({ variables, value }) => variables.map((variable) => `${prefix}${variable}=${value}\n`).join(''))
    .join('');
}

function iniSection(exported: ExportedProfile): string {
  const { profile } = exported;
  if (printable(profile) !== profile || profile.includes(']')) {
    const message = `profile ${JSON.stringify(profile)} cannot be the name of an ini section; use another --format`;
    throw new VaultError('CONFIG_INVALID', message, { details: { profile } });
  }
  const lines = valuesOf(exported).map(({ key, value }) => `${key}=${value}\n`);
  return `[${profile}]\n${lines.join('')}`;
}

/** @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html */
function credentialProcessJson({ accessKeyId, secretAccessKey, sessionToken, expiresAt }: Credentials): string {
  const output = {
    Version: 1,
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: sessionToken,
    Expiration: expiresAt === undefined ? undefined : rfc3339(expiresAt),
  };
  return `${JSON.stringify(output, undefined, 2)}\n`;
}

type Value = { readonly key: string; readonly variables: readonly string[]; readonly value: string };

function valuesOf({ profile, credentials, region }: ExportedProfile): Value[] {
  const { accessKeyId, secretAccessKey, sessionToken, expiresAt } = credentials;
  const expiration = expiresAt === undefined ? undefined : rfc3339(expiresAt);
  const candidates = [
    { key: 'aws_access_key_id', variables: ['AWS_ACCESS_KEY_ID'], value: accessKeyId },
    { key: 'aws_secret_access_key', variables: ['AWS_SECRET_ACCESS_KEY'], value: secretAccessKey },
    { key: 'aws_session_token', variables: ['AWS_SESSION_TOKEN'], value: sessionToken },
    { key: 'aws_credential_expiration', variables: ['AWS_CREDENTIAL_EXPIRATION'], value: expiration },
    { key: 'region', variables: ['AWS_REGION', 'AWS_DEFAULT_REGION'], value: region },
  ];
  return candidates.flatMap(({ key, variables, value }) => {
    if (value === undefined || value === '') return [];
    refuseUnquotable(key, value, profile);
    return [{ key, variables, value }];
  });
}

/**
 * aws-vault prints values without quotes, and readers of its output expect that. AWS's values never need any; a value that
 * would is damaged, or made so that `eval` runs it.
 */
function refuseUnquotable(key: string, value: string, profile: string): void {
  if (/^[\w+/=.,:@%^-]+$/.test(value)) return;
  const message = `the ${key} of profile ${JSON.stringify(profile)} has characters that AWS does not use; correct it, or use --format=json`;
  throw new VaultError(key === 'region' ? 'CONFIG_INVALID' : 'AWS_CREDENTIALS_INVALID', message, {
    details: { profile },
  });
}
