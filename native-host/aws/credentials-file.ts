import { readFileSync } from 'node:fs';
import { VaultError } from '../errors.ts';
import { scanConfig } from './config-scan.ts';

/**
 * The profiles whose access key lies in plain text in a shared credentials file (`~/.aws/credentials`), in file order. Only
 * their names leave this function; the file is read for nothing else. A file that is missing has none.
 * @throws VaultError CONFIG_INVALID with file and, for a bad line, its number
 */
export function plainTextProfiles(file: string): string[] {
  const names = scanConfig(asProfiles(readText(file)), file).flatMap(({ name, values }) =>
    values.has('aws_access_key_id') ? [name] : [],
  );
  return [...new Set(names)];
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
