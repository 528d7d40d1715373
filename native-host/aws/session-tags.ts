import { VaultError } from '../errors.ts';
import type { Setting } from './setting-lookup.ts';

/**
 * `key1=value1,key2=value2` as aws-vault splits it: at commas, then at the first `=`, both sides trimmed.
 * @throws VaultError CONFIG_INVALID for a piece without `=`
 */
export function parseSessionTags({ value: text, origin }: Setting, profile: string): Record<string, string> {
  const tags: Record<string, string> = {};
  for (const piece of text.split(',')) {
    const equals = piece.indexOf('=');
    if (equals < 0) {
      const isInFile = origin.type === 'file';
      const place = isInFile ? `${origin.file}:${origin.line}` : 'AWS_SESSION_TAGS';
      const message = `Failed to parse session_tags profile setting: session tags string must be <key1>=<value1>,[<key2>=<value2>[,...]]; correct ${place} of profile ${JSON.stringify(profile)}`;
      const details = { profile, ...(isInFile && { file: origin.file, line: origin.line }) };
      throw new VaultError('CONFIG_INVALID', message, { details });
    }
    tags[piece.slice(0, equals).trim()] = piece.slice(equals + 1).trim();
  }
  return tags;
}

/** Tag keys that are passed on along a role chain: split at commas, trimmed, empty ones dropped. */
export function parseTransitiveTagKeys(text: string): string[] {
  return text
    .split(',')
    .map((key) => key.trim())
    .filter((key) => key !== '');
}
