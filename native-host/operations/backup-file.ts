import { VaultError } from '../errors.ts';
import type { KeyDate } from '../key-dates.ts';
import { openJwe, sealJwe } from '../keyring/jwe.ts';
import type { KeyringItem } from '../keyring/keyring.ts';

/** A backup lies around for years, so a guess at its passphrase is to cost more than one at a vault's: some 0.2 s. */
const ROUNDS = 1_000_000;
const FORMAT = 'keyturn-backup';

/** A stored key, and what is known of its age. */
export type BackupItem = { readonly item: KeyringItem; readonly date: Omit<KeyDate, 'storedAt'> | undefined };

/** Items as one text: a compact JWE (PBES2-HS256+A128KW, A256GCM), which any JOSE library opens. */
export function writeBackup(items: readonly BackupItem[], passphrase: string, now: Date): string {
  const entries = items.map(({ item, date }) => ({
    ...item,
    ...(date?.createdAt && { createdAt: date.createdAt.toISOString() }),
    ...(date?.isRotating && { isRotating: true }),
  }));
  const content = JSON.stringify({ format: FORMAT, version: 1, createdAt: now.toISOString(), items: entries });
  return `${sealJwe(content, passphrase, now, ROUNDS)}\n`;
}

/** @throws VaultError KEYRING_LOCKED for a wrong passphrase, KEYRING_CORRUPT for what is no backup */
export function readBackup(text: string, passphrase: string): BackupItem[] {
  const opening = openJwe(text, passphrase);
  if (opening.outcome === 'wrong-passphrase') {
    throw new VaultError(
      'KEYRING_LOCKED',
      'the passphrase is wrong: it does not open the backup; repeat with the right one',
    );
  }
  if (opening.outcome === 'damaged') throw corrupt(opening.reason);
  // Authenticated, so what is in it is what writeBackup wrote, in this version or a later one.
  const { format, version, items } = JSON.parse(opening.plaintext.toString('utf8')) as Readonly<
    Record<string, unknown>
  >;
  if (format !== FORMAT || version !== 1 || !Array.isArray(items))
    throw corrupt('this version does not know its format');
  return (items as Entry[]).map(entryOf); // likewise
}

type Entry = KeyringItem & { readonly createdAt?: string; readonly isRotating?: true };

function entryOf({ createdAt, isRotating, ...item }: Entry): BackupItem {
  return {
    item,
    date: { ...(createdAt !== undefined && { createdAt: new Date(createdAt) }), ...(isRotating && { isRotating }) },
  };
}

function corrupt(reason: string): VaultError {
  return new VaultError('KEYRING_CORRUPT', `this is no backup that can be restored: ${reason}; nothing was changed`);
}
