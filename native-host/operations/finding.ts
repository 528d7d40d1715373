import { isStoredKey } from '../engine/session-cache.ts';
import { VaultError } from '../errors.ts';

/**
 * `ok`. `off`: not there, and nobody needs it. `note`: works, but worth knowing. `broken`: does not work, or is open to others.
 */
export type Level = 'ok' | 'off' | 'note' | 'broken';

/** One thing that was looked at. `text` and `remedy` are single lines without secrets. */
export type Finding = {
  readonly area: 'vault' | 'files' | 'config' | 'aws' | 'browsers' | 'program' | 'environment';
  readonly subject: string;
  readonly level: Level;
  readonly text: string;
  readonly remedy?: string;
};

/** What was seen of one backend. */
export type Look = Pick<Finding, 'level' | 'text'> & {
  readonly remedy?: string;
  /** Names of its items, where they could be read without a question. */
  readonly keys?: readonly string[];
};

/** How many stored keys there are among a vault's items, in words. */
export function keyCount(keys: readonly string[]): string {
  const stored = keys.filter(isStoredKey).length;
  return stored === 1 ? '1 key' : `${stored} keys`;
}

/** What an error says, and after its semicolon what to do; what concerns the choice of another backend is left out. */
export function inTwo(error: unknown): { readonly text: string; readonly remedy?: string } {
  if (!(error instanceof VaultError)) throw error;
  const message = error.message
    .replace('Specified keyring backend not available, try --help: ', '')
    .replace(/[,;]? (?:or )?choose (?:the encrypted file|another vault) with --backend(?: file)?/, '');
  const at = message.indexOf('; ');
  return at === -1 ? { text: message } : { text: message.slice(0, at), remedy: message.slice(at + 2) };
}
