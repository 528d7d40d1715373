import { readFileSync } from 'node:fs';
import { VaultError } from '../errors.ts';
import { type ScannedSection, scanConfig } from './config-scan.ts';
import type { Credentials } from './credentials.ts';

/** A profile's key in plain text, with the file and the 1-based lines it stands on. */
export type PlainTextKey = {
  readonly profile: string;
  readonly key: Credentials;
  /** Temporary credentials that a tool has written there; they are no key to keep. */
  readonly isTemporary: boolean;
  readonly file: string;
  readonly lines: readonly number[];
  /** The region that stands beside it. */
  readonly region?: string;
};

/** A `config` file has `[profile NAME]` sections; in a `credentials` file they carry the bare name. */
export type KeyFileKind = 'credentials' | 'config';

/**
 * The profiles whose access key lies in plain text in a shared credentials file (`~/.aws/credentials`), in file order. Only
 * their names leave this function. A file that is missing has none.
 * @throws VaultError CONFIG_INVALID with file and, for a bad line, its number
 */
export function plainTextProfiles(file: string): string[] {
  const names = keySections(readText(file), file).flatMap(({ name, values }) =>
    values.has('aws_access_key_id') ? [name] : [],
  );
  return [...new Set(names)];
}

/**
 * The keys in plain text in a shared credentials file, or in a config file, in file order; the last section of a name wins, as for AWS's tools.
 * @throws VaultError CONFIG_INVALID with file and, for a bad line, its number
 */
export function plainTextKeys(file: string, kind: KeyFileKind = 'credentials'): PlainTextKey[] {
  const keys = keySections(readText(file), file, kind).flatMap(
    ({ name: profile, values, keyLines }): PlainTextKey[] => {
      const accessKeyId = values.get('aws_access_key_id');
      const secretAccessKey = values.get('aws_secret_access_key');
      if (accessKeyId === undefined || secretAccessKey === undefined) return [];
      const lines = SECRET_KEYS.flatMap((key) => keyLines.get(key) ?? []);
      const isTemporary = values.has('aws_session_token') || values.has('aws_security_token');
      const region = values.get('region');
      return [
        {
          profile,
          key: { accessKeyId, secretAccessKey },
          isTemporary,
          file,
          lines,
          ...(region !== undefined && { region }),
        },
      ];
    },
  );
  return [...new Map(keys.map((key) => [key.profile, key])).values()];
}

/** `~/.aws/credentials`, and `~/.aws/config`, where AWS's tools take a key from as well. */
export type AwsFiles = { readonly credentialsFile: string; readonly configFile: string };

/**
 * The keys in plain text in AWS's two files; of one name that of the credentials file, as for AWS's tools.
 * @throws VaultError CONFIG_INVALID with file and, for a bad line, its number
 */
export function keysInPlainText({ credentialsFile, configFile }: AwsFiles): PlainTextKey[] {
  const keys = plainTextKeys(credentialsFile);
  const names = new Set(keys.map(({ profile }) => profile));
  return [...keys, ...plainTextKeys(configFile, 'config').filter(({ profile }) => !names.has(profile))];
}

const SECRET_KEYS = ['aws_access_key_id', 'aws_secret_access_key'];

/** The sections of profiles, by the rules of the file's kind. @throws VaultError CONFIG_INVALID with file and line */
export function keySections(text: string, file: string, kind: KeyFileKind = 'credentials'): ScannedSection[] {
  const sections = scanConfig(kind === 'config' ? text : asProfiles(text), file);
  return sections.filter(({ type }) => type === 'profile');
}

/** Sections of this file carry the bare name; a `[profile NAME]`, which the AWS CLI does not read here, is left as another one. */
function asProfiles(text: string): string {
  return text.replaceAll(/^(\s*)\[([^\]\r\n]*)\]/gm, (_, indent: string, name: string) => {
    const title = name.trim();
    return title === 'default' ? `${indent}[default]` : `${indent}[profile ${title}]`;
  });
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return '';
    throw new VaultError('CONFIG_INVALID', `cannot read ${file} (${String(code)})`, {
      details: { file },
      cause: error,
    });
  }
}
