import { statSync } from 'node:fs';
import { itemFiles, readItemFile } from '../keyring/file-disk.ts';
import { parseJwe } from '../keyring/jwe.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { strongRounds } from '../keyring/rounds.ts';
import type { VaultAccess } from '../vault-access.ts';
import { keyCount, type Look } from './finding.ts';

/** Opens one item where a passphrase is given already. */
export async function lookAtFile(access: VaultAccess): Promise<Look> {
  const { fileDir, filePassphrase } = access.settings;
  const isThere = statSync(fileDir, { throwIfNoEntry: false }) !== undefined;
  return access.withBackend('file', async (keyring: Keyring) => {
    const keys = await keyring.keys();
    if (!isThere) return { level: 'ok', text: `${fileDir} is made when the first key is stored`, keys };
    const [first] = keys;
    if (filePassphrase !== undefined && first !== undefined) await keyring.get(first);
    const opened = first === undefined ? '' : '; AWS_VAULT_FILE_PASSPHRASE opens it';
    const found = `${fileDir}, with ${keyCount(keys)}`;
    const text = filePassphrase === undefined ? `${found}; its passphrase is asked for` : `${found}${opened}`;
    const { weak, of } = countWeak(access);
    if (weak === 0) return { level: 'ok', text, keys };
    const cheap = `${weak} of its ${of} items ${weak === 1 ? 'is' : 'are'} cheap to guess the passphrase at`;
    return { level: 'note', text: `${text}; ${cheap}`, remedy: 'keyturn vault harden', keys };
  });
}

/** How many items, keys or others, have fewer rounds of PBKDF2 than new ones get. What cannot be read is counted by nobody. */
function countWeak({ settings }: VaultAccess): { readonly weak: number; readonly of: number } {
  const { fileDir, stateDir, fileRounds: asked } = settings;
  const rounds = itemFiles(fileDir).flatMap((name) => {
    const jwe = parseJwe(readItemFile(fileDir, name) ?? '');
    return typeof jwe === 'string' ? [] : [jwe.rounds];
  });
  if (rounds.length === 0) return { weak: 0, of: 0 };
  const strong = strongRounds({ stateDir, asked }, { isKept: false });
  return { weak: rounds.filter((ofItem) => ofItem < strong).length, of: rounds.length };
}
